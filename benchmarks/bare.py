"""The bare step: forward, backward and update on one fixed real batch, and nothing else."""

import time

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.cases import DEVICE, Case, load
from cnnzoo import settle
from cnnzoo.device.precision import casting
from cnnzoo.learning.augment import training_batches
from cnnzoo.optimising.optim import OPTIMIZERS
from cnnzoo.recipe import build


class BareStep:
    """The step of the case's network, in the precision, the layout and with the optimiser that our training takes."""

    def __init__(self, case: Case) -> None:
        self.recipe = recipe = settle(case.recipe, DEVICE)
        data, stream, builder = load(case), torch.Generator().manual_seed(0), OPTIMIZERS[recipe.optimizer]
        model: nn.Module = build(recipe, data.shape, len(data.classes))
        self.model = model.to(DEVICE, memory_format=torch.channels_last)  # type: ignore[call-overload]
        options = {"lr": recipe.lr, "weight_decay": recipe.weight_decay, **recipe.taken_by(builder)}
        self.optimizer = builder(self.model.parameters(), **options)
        split, plain = data.train.to(DEVICE), recipe.replace(crop=0, flip=False, erasing=0.0)
        self.images, self.labels = next(
            training_batches(split, plain, data.mean, data.std, {"order": stream, "augmentation": stream})
        )

    def forward(self) -> torch.Tensor:
        with casting(self.recipe.precision, DEVICE):
            logits = self.model(self.images)
        return F.cross_entropy(logits.float(), self.labels)

    def update(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad()

    def images_a_second(self, steps: int) -> float:
        started = time.perf_counter()
        for _ in range(steps):
            self.forward().backward()  # type: ignore[no-untyped-call]
            self.update()
        wait_for_the_device()
        return steps * self.recipe.batch_size / (time.perf_counter() - started)


def wait_for_the_device() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize(DEVICE)
