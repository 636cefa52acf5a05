"""Optimisers and learning-rate schedules by name; torch, which takes seconds to load, only where an optimiser is made.

The recipe reads off the signature, from its keyword-only parameters, which of its fields each one takes.
A schedule is a pure function of the step, so a resumed training needs no state of it but the step's number.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn, optim

Schedule = Callable[[int], float]  # step, counted from 0 -> share of the recipe's learning rate


def sgd(
    params: "Iterable[nn.Parameter]", *, lr: float, weight_decay: float, momentum: float = 0.9
) -> "optim.Optimizer":
    from torch import optim

    return optim.SGD(params, lr=lr, weight_decay=weight_decay, momentum=momentum, fused=True)


def adam(params: "Iterable[nn.Parameter]", *, lr: float, weight_decay: float, decoupled: bool) -> "optim.Optimizer":
    """With its weight decay as L2, added to the gradient, or decoupled from it."""
    from torch import optim

    return (optim.AdamW if decoupled else optim.Adam)(params, lr=lr, weight_decay=weight_decay, fused=True)


def constant(_epochs: int, _steps: int) -> Schedule:
    """The learning rate stays. As all schedules do, it is given the number of epochs and of steps in each."""
    return lambda _step: 1.0


def step(_epochs: int, steps: int, *, step_size: int = 5, gamma: float = 0.5) -> Schedule:
    """Torch's StepLR: times ``gamma`` every ``step_size`` epochs."""
    return lambda at: float(gamma ** (at // steps // step_size))


def cosine(epochs: int, steps: int) -> Schedule:
    """Torch's CosineAnnealingLR, moved on every step: half a cosine from the learning rate down to 0."""
    total = epochs * steps
    return lambda at: (1 + math.cos(math.pi * at / total)) / 2


def cyclic(epochs: int, steps: int) -> Schedule:
    """Torch's triangular CyclicLR between a tenth of the learning rate and all of it, five cycles a training.

    Torch's default of 4,000 steps a cycle comes to that in report D. Here and in ``one_cycle`` the momentum is left alone.
    """
    half = epochs * steps / 10
    return lambda at: 0.1 + 0.9 * (1 - abs((at / half) % 2 - 1))


def one_cycle(epochs: int, steps: int) -> Schedule:
    """Torch's OneCycleLR: cosines from 1/25 up to the learning rate in 0.3 of the steps, then down to 4e-6 of it."""
    last = max(epochs * steps - 1, 1)
    peak = max(0.3 * epochs * steps - 1, 1)

    def share(at: int) -> float:
        if at <= peak:
            return _between(1 / 25, 1.0, at / peak)
        return _between(1.0, 4e-6, (at - peak) / (last - peak))

    return share


def _between(start: float, end: float, way: float) -> float:
    """From ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2


OPTIMIZERS: dict[str, "Callable[..., optim.Optimizer]"] = {
    "sgd": sgd,
    "adam": partial(adam, decoupled=False),
    "adamw": partial(adam, decoupled=True),
}
SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "step": step,
    "cosine": cosine,
    "cyclic": cyclic,
    "one_cycle": one_cycle,
}
