"""The loss landscape along a training, as arXiv 1805.11604 measures it: what lies a little way along the gradient.

At the weights w of a step, on the batch of that step, with g the gradient of the loss L: how much L and g change at
w - d g/|g|, for distances d around the length of the step that the optimiser took from there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

DISTANCES = (0.5, 1.0, 2.0, 4.0)  # in lengths of the step taken; the paper looks from a half to four


def look(step: int, model: nn.Module, origin: Sequence[Tensor], loss_of: Callable[[], Tensor]) -> tuple[float, ...]:
    """Look along the gradient at `origin`, from where the step has led to the weights that the model has now.

    Returns the step, the lowest and highest loss over the distances, the smallest and largest change of the
    gradient, and the largest such change by distance moved. Model and random streams are left as they were.
    """
    weights = list(model.parameters())
    gradient_of = partial(torch.autograd.grad, inputs=weights, materialize_grads=True)
    with _coming_back(model):
        reach = get_total_norm([weight - start for weight, start in zip(weights, origin, strict=True)])
        _move(weights, origin)
        gradient = gradient_of(loss_of())
        direction = [part / get_total_norm(gradient) for part in gradient]
        losses, changes, slopes = [], [], []
        for distance in (reach * factor for factor in DISTANCES):
            _move(weights, [start - distance * part for start, part in zip(origin, direction, strict=True)])
            loss = loss_of()
            losses.append(loss.detach())
            there = gradient_of(loss)
            changes.append(get_total_norm([after - before for after, before in zip(there, gradient, strict=True)]))
            slopes.append(changes[-1] / distance)
    found = torch.stack([min(losses), max(losses), min(changes), max(changes), max(slopes)])
    return step, *found.tolist()


@contextmanager
def _coming_back(model: nn.Module) -> Iterator[None]:
    """Batch statistics move with every pass through the network, and dropout draws: all of it is put back."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    device = next(model.parameters()).device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
    model.load_state_dict(state)


@torch.no_grad()
def _move(weights: Sequence[Tensor], to: Sequence[Tensor]) -> None:
    for weight, goal in zip(weights, to, strict=True):
        weight.copy_(goal)
