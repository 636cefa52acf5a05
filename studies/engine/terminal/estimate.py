"""How long a study will take, guessed from what a training step of each of its networks takes here."""

import math
import time
from collections.abc import Mapping
from contextlib import suppress

import torch

from cnnzoo import Recipe
from cnnzoo.data import Dataset
from cnnzoo.device.precision import casting, set_up_gpu
from cnnzoo.learning.landscape import DISTANCES
from cnnzoo.learning.replay import can_be_replayed
from cnnzoo.nets.blocks import Shape
from cnnzoo.pace import BareStep, images_a_second
from cnnzoo.recipe import build
from cnnzoo.structure import measure
from studies.engine.plan.plan import Plan

START_SECONDS = 10.0  # for Ray to begin, and for the table at the end
FORWARD_SHARE = 1 / 3  # of a training step
STOPPED_EARLY = 0.5  # share of its epochs that a search trains: the rest is stopped
TIMED_FLOPS = 2e9  # floating-point operations of a step that is timed: of a large network a few images are enough


def seconds(plan: Plan, dataset: Dataset, taken: Mapping[str, float], speedup: float) -> float:
    """The wall time of the whole plan, to within a factor of two or three; ``taken`` is of a training image, by arm."""

    def of_a_trial(arm: str, tests: int) -> float:
        return taken[arm] * _images_of_a_trial(plan.arms[arm], dataset, tests)

    reported = sum(of_a_trial(arm, plan.arms[arm].epochs) * plan.seeds("reported", arm) for arm in plan.compared())
    tuned = sum(of_a_trial(arm.stands_for[0], 1) * _trials_of_a_search(plan, arm.name) for arm in plan.searched())
    return START_SECONDS + (reported + tuned * plan.budget.searches) / speedup


def _trials_of_a_search(plan: Plan, arm: str) -> float:
    """In whole trainings, with its run-off and the confirmation of its choice."""
    budget = plan.budget
    candidates = budget.trials_per_arm * (STOPPED_EARLY if budget.early_stopping else 1)
    return candidates + budget.runoff_trials + plan.seeds("confirm", arm)


def _images_of_a_trial(recipe: Recipe, dataset: Dataset, tests: int) -> float:
    """How many images it trains on; those that it only looks at count for less."""
    looks = (1 + len(DISTANCES)) / recipe.landscape if recipe.landscape else 0
    an_epoch = (1 + looks) * len(dataset.train) + FORWARD_SHARE * len(dataset.validation)
    return an_epoch * recipe.epochs + FORWARD_SHARE * len(dataset.test) * tests


def seconds_an_image(arms: Mapping[str, Recipe], shape: Shape, classes: int, device: str) -> dict[str, float]:
    """The seconds of training an image takes, by arm; networks that are alike are timed once."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a trial has it
    alike = {arm: (of.model, str(of.built_with()), of.batch_size, of.precision) for arm, of in arms.items()}
    different = {key: arms[arm] for arm, key in alike.items()}
    taken = {key: _timed(recipe, shape, classes, torch.device(device)) for key, recipe in different.items()}
    torch.set_num_threads(threads)
    return {arm: taken[key] for arm, key in alike.items()}


def _timed(recipe: Recipe, shape: Shape, classes: int, device: torch.device) -> float:
    """The second of two steps on random images; NaN where one fails: if that is the network's fault, its trials will say."""
    with suppress(Exception):  # a GPU that is full just now, or whatever a user's own network raises
        if can_be_replayed(recipe, device):
            set_up_gpu()
            return 1 / images_a_second([BareStep(recipe, shape, classes, device)], recipe.batch_size, device)
        flops = measure(recipe, shape, classes).flops / FORWARD_SHARE
        batch = max(2, min(recipe.batch_size, int(TIMED_FLOPS / max(flops, 1))))
        network = build(recipe, shape, classes).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        images, elapsed = torch.randn(batch, *shape, device=device), 0.0
        for _ in range(2):
            start = time.perf_counter()
            with casting(recipe.precision, device):
                output = network(images)
            (output[0] if isinstance(output, tuple) else output).float().sum().backward()
            next(network.parameters()).cpu()  # waits for a GPU
            elapsed = time.perf_counter() - start
        return elapsed / batch
    return math.nan


def duration(seconds: float) -> str:
    """Seconds as a person says them: 40 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
