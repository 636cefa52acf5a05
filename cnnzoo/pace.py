"""How many images a second a GPU trains on: the bare captured step of a recipe, alone or several side by side."""

import time

import torch

from cnnzoo.device import streams
from cnnzoo.device.mps import runs_or_can_run
from cnnzoo.device.precision import choose_device, set_up_gpu
from cnnzoo.learning.replay import WARM_UPS, Replayed
from cnnzoo.learning.update import Update
from cnnzoo.nets.blocks import Shape
from cnnzoo.recipe import Recipe, build

MEASURED_SECONDS = 0.5
TOGETHER = (1, 2, 4, 8, 16)
WORTH_IT = 1.05  # so much more throughput twice as many trials have to give


class BareStep:
    """Forward, backward and update of a recipe on one fixed batch, captured, on a stream of its own."""

    def __init__(self, recipe: Recipe, shape: Shape, classes: int, device: torch.device) -> None:
        noise = streams.generator(0, "images", device)
        images = torch.randn(recipe.batch_size, *shape, device=device, generator=noise)
        images = images.to(memory_format=torch.channels_last)
        labels = torch.randint(classes, (recipe.batch_size,), device=device, generator=noise)
        model = build(recipe, shape, classes).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        update = Update(recipe, model, 1, device)
        update.set_rate(torch.tensor(recipe.lr, device=device))
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._step = Replayed(lambda: update(images, labels))
        for _ in range(WARM_UPS + 1):  # the last one captures it
            self.replay()
            torch.cuda.synchronize(device)

    def replay(self) -> None:
        with torch.cuda.stream(self._stream):
            self._step()


def images_a_second(steps: list[BareStep], batch_size: int, device: torch.device) -> float:
    """The throughput of all steps together, each replayed in turn on its stream."""
    rounds, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < MEASURED_SECONDS:
        for _ in range(10):
            for step in steps:
                step.replay()
        torch.cuda.synchronize(device)
        rounds += 10
    return rounds * len(steps) * batch_size / elapsed


def by_trials_at_once(recipe: Recipe, shape: Shape, classes: int, device: torch.device) -> dict[int, float]:
    """The throughput of 1, 2, 4, ... trainings side by side, until it stops growing or the memory ends."""
    set_up_gpu()
    found: dict[int, float] = {}
    steps: list[BareStep] = []
    for together in TOGETHER:
        try:
            steps += [BareStep(recipe, shape, classes, device) for _ in range(together - len(steps))]
        except torch.cuda.OutOfMemoryError:
            break
        images_a_second(steps, recipe.batch_size, device)  # warms up
        found[together] = images_a_second(steps, recipe.batch_size, device)
        if found[together] < WORTH_IT * found.get(together // 2, 0):
            break
    return found


def trials_at_once(recipe: Recipe, shape: Shape, classes: int, device: torch.device | str) -> int:
    """How many trainings of a recipe one GPU does best side by side: 1 where their processes would take turns."""
    if not runs_or_can_run():
        return 1
    found = by_trials_at_once(recipe, shape, classes, choose_device(device))
    return max(found, key=lambda together: found[together], default=1)
