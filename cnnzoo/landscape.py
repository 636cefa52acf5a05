"""The loss landscape along a training, as arXiv 1805.11604 measures it: what lies a little way along the gradient.

At the weights w of a step, on the batch of that step, with g the gradient of the loss L: how much L and g change at
w - d g/|g|, for distances d around the length of the step that the optimiser took from there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

DISTANCES = (0.5, 1.0, 2.0, 4.0)  # in lengths of the step taken; the paper looks from a half to four


class Look(NamedTuple):
    """Lowest and highest over the distances; the smoothness is the largest change of the gradient by distance moved."""

    step: int
    loss_min: float
    loss_max: float
    gradient_min: float
    gradient_max: float
    smoothness: float


def look(step: int, model: nn.Module, origin: Sequence[Tensor], loss_of: Callable[[], Tensor]) -> Look:
    """Look along the gradient at `origin`, from where the step has led to the weights that the model has now.

    Afterwards the model and the random streams are as they were.
    """
    weights = list(model.parameters())
    with _coming_back(model):
        reach = _length([weight - start for weight, start in zip(weights, origin, strict=True)])
        _move(weights, origin)
        gradient = _gradient(loss_of(), weights)[1]
        direction = [part / _length(gradient) for part in gradient]
        losses, changes, slopes = [], [], []
        for distance in (reach * factor for factor in DISTANCES):
            _move(weights, [start - distance * part for start, part in zip(origin, direction, strict=True)])
            loss, there = _gradient(loss_of(), weights)
            losses.append(loss)
            changes.append(_length([after - before for after, before in zip(there, gradient, strict=True)]))
            slopes.append(changes[-1] / distance)
    found = torch.stack([min(losses), max(losses), min(changes), max(changes), max(slopes)])
    return Look(step, *found.tolist())


@contextmanager
def _coming_back(model: nn.Module) -> Iterator[None]:
    """Batch statistics move with every pass through the network, and dropout draws: all of it is put back."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    device = next(model.parameters()).device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
    model.load_state_dict(state)


def _gradient(loss: Tensor, weights: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    return loss.detach(), torch.autograd.grad(loss, weights, materialize_grads=True)


def _length(parts: Sequence[Tensor]) -> Tensor:
    return torch.nn.utils.get_total_norm(parts)


@torch.no_grad()
def _move(weights: Sequence[Tensor], to: Sequence[Tensor]) -> None:
    for weight, goal in zip(weights, to, strict=True):
        weight.copy_(goal)
