"""Losses by name: logits of any precision and labels in, one number in fp32 out."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnzoo.mistake import Mistake
from cnnzoo.storage.own import is_own, own_function

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    return F.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)


def _of_one_hot(loss: Callable[..., Tensor]) -> Loss:
    """Between the logits and the one-hot label, averaged over images and classes."""
    return lambda logits, labels: loss(logits.float(), _one_hot(logits, labels))


def _one_hot(logits: Tensor, labels: Tensor) -> Tensor:
    return F.one_hot(labels, logits.shape[1]).float()


BY_CLASS: dict[str, Callable[..., Tensor]] = {"smooth_l1": F.smooth_l1_loss, "bce": F.binary_cross_entropy_with_logits}
LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    **{name: _of_one_hot(loss) for name, loss in BY_CLASS.items()},
}


def check_own_loss(name: str, classes: int) -> None:
    """Refuse a loss of the user's own that fails on a batch, or that nothing can be learned from."""
    if is_own(name):
        logits = torch.zeros(2, classes, requires_grad=True)
        try:
            own = _own_of_each(name, logits, torch.zeros(2, dtype=torch.int64))
        except Mistake:
            raise
        except Exception as error:  # whatever a function of somebody's own may raise
            raise Mistake(f"loss {name!r} cannot take logits of shape (2, {classes}) and labels: {error}") from error
        if not own.requires_grad:
            raise Mistake(f"loss {name!r} has no gradient, so nothing can be learned from it; compute it with torch.")


def loss_of(name: str) -> Loss:
    """The loss of this name; one of the user's own is the mean of what it says of each image."""
    return LOSSES[name] if name in LOSSES else lambda logits, labels: _own_of_each(name, logits, labels).mean()


def _own_of_each(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    each: Tensor = own_function("loss", name)(logits.float(), labels)
    if getattr(each, "shape", None) != labels.shape:
        got = f"one of shape {tuple(each.shape)}" if isinstance(each, Tensor) else f"a {type(each).__name__}"
        raise Mistake(
            f"loss {name!r} must give the loss of each image, a tensor of shape ({len(labels)},) for {len(labels)} images, "
            f"but it gives {got}; torch's losses do with reduction='none'."
        )
    return each


def loss_of_each(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of each image, of which ``loss_of(name)`` is the mean."""
    if is_own(name):
        return _own_of_each(name, logits, labels)
    if name == "cross_entropy":
        return F.cross_entropy(logits.float(), labels, reduction="none")
    each: Tensor = BY_CLASS[name](logits.float(), _one_hot(logits, labels), reduction="none")
    return each.mean(1)


def training_loss(name: str, label_smoothing: float) -> Loss:
    """The loss that is minimised; evaluation always measures ``loss_of(name)``, without smoothing."""
    return partial(cross_entropy, label_smoothing=label_smoothing) if label_smoothing else loss_of(name)
