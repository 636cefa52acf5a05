"""How many images a second a GPU trains on: the bare captured step of a recipe, alone or several side by side."""

import time

import torch
from torch import Tensor

from cnnzoo.device import streams
from cnnzoo.device.mps import runs_or_can_run
from cnnzoo.device.precision import casting, choose_device, set_up_gpu
from cnnzoo.learning.replay import WARM_UPS
from cnnzoo.nets.blocks import Shape
from cnnzoo.optimising.losses import training_loss
from cnnzoo.optimising.optim import OPTIMIZERS
from cnnzoo.recipe import Recipe, build

MEASURED_SECONDS = 0.5
MOST_TOGETHER = 16
WORTH_IT = 1.05  # so much more throughput twice as many trials have to give


class BareStep:
    """Forward, backward and update of a recipe on one fixed batch, captured, on a stream of its own."""

    def __init__(self, recipe: Recipe, shape: Shape, classes: int, device: torch.device) -> None:
        self._recipe, self._device = recipe, device
        noise = streams.generator(0, "images", device)
        self._images = torch.randn(recipe.batch_size, *shape, device=device, generator=noise)
        self._images = self._images.to(memory_format=torch.channels_last)
        self._labels = torch.randint(classes, (recipe.batch_size,), device=device, generator=noise)
        model = build(recipe, shape, classes).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network, self._loss = model, training_loss(recipe.loss, recipe.label_smoothing)
        optimizer, rate = OPTIMIZERS[recipe.optimizer], torch.tensor(recipe.lr, device=device)
        self._optimizer = optimizer(
            model.parameters(), lr=rate, weight_decay=recipe.weight_decay, **recipe.taken_by(optimizer)
        )
        for group in self._optimizer.param_groups:
            group["capturable"] = True
        self.stream, self._graph = torch.cuda.Stream(device), torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
        with torch.cuda.stream(self.stream):
            for _ in range(WARM_UPS):
                self._step()
            torch.cuda.synchronize(device)
            with torch.cuda.graph(self._graph, stream=self.stream):
                self._step()

    def replay(self) -> None:
        with torch.cuda.stream(self.stream):
            self._graph.replay()

    def _step(self) -> None:
        with casting(self._recipe.precision, self._device):
            output: Tensor | tuple[Tensor, ...] = self._network(self._images)
        self._loss(output[0] if isinstance(output, tuple) else output, self._labels).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._optimizer.zero_grad()


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
    together = 1
    while together <= MOST_TOGETHER:
        try:
            steps += [BareStep(recipe, shape, classes, device) for _ in range(together - len(steps))]
        except torch.cuda.OutOfMemoryError:
            break
        images_a_second(steps, recipe.batch_size, device)  # warms up
        found[together] = images_a_second(steps, recipe.batch_size, device)
        if together > 1 and found[together] < WORTH_IT * found[together // 2]:
            break
        together *= 2
    return found


def trials_at_once(recipe: Recipe, shape: Shape, classes: int, device: torch.device | str) -> int:
    """How many trainings of a recipe one GPU does best side by side: 1 where their processes would take turns."""
    if not runs_or_can_run():
        return 1
    found = by_trials_at_once(recipe, shape, classes, choose_device(device))
    return max(found, key=lambda together: found[together])
