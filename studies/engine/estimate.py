"""How long a study will take, guessed from what its networks compute and from how fast this device computes."""

import time

import torch
from torch.nn import functional as F

from cnnzoo import Recipe
from cnnzoo.data import Dataset
from cnnzoo.landscape import DISTANCES
from cnnzoo.structure import measure
from studies.engine.plan import Plan

TRAINING = 3  # a training step computes about three times a forward pass
USED = 0.5  # share of the probe's speed that a whole network reaches
STOPPED_EARLY = 0.5  # share of the epochs that a search spends
PROBE_SECONDS = 0.2


def seconds(plan: Plan, dataset: Dataset, flops_a_second: float, slots: int) -> float:
    """The wall time of the whole plan, to within a factor of two or three."""
    trial = {arm: _flops_of_a_trial(recipe, dataset) for arm, recipe in plan.arms.items()}
    reported = sum(trial[t.arm] for t in plan.reported())
    per_arm = plan.budget.trials_per_arm * STOPPED_EARLY + plan.budget.seeds
    tuned = sum(trial[arm.stands_for[0]] * per_arm for arm in plan.searched())
    return (reported + tuned) / (flops_a_second * USED * slots)


def _flops_of_a_trial(recipe: Recipe, dataset: Dataset) -> float:
    size = measure(recipe, dataset.shape, len(dataset.classes))
    looks = (1 + len(DISTANCES)) / recipe.landscape if recipe.landscape else 0
    return size.flops * (TRAINING * (1 + looks) * len(dataset.train) + len(dataset.validation)) * recipe.epochs


def speed(device: str) -> float:
    """Floating-point operations a second of one slot in a convolution."""
    images = torch.randn(16, 64, 32, 32, device=device).to(memory_format=torch.channels_last)
    weights = torch.randn(64, 64, 3, 3, device=device)
    flops = 2 * 16 * 64 * 64 * 9 * 32 * 32
    F.conv2d(images, weights, padding=1).sum().item()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < PROBE_SECONDS:
        F.conv2d(images, weights, padding=1).sum().item()
        done += 1
    return done * flops / (time.perf_counter() - start)


def duration(seconds: float) -> str:
    """Seconds as a person says them: 40 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
