"""Losses by name: logits of any precision and labels in, one number in fp32 out."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnzoo.mistake import Mistake
from cnnzoo.storage.own import errors_told, is_own, own_function

Loss = Callable[[Tensor, Tensor], Tensor]
# Between the logits and the one-hot label, averaged over the classes, too.
OF_ONE_HOT: dict[str, Callable[..., Tensor]] = {
    "smooth_l1": F.smooth_l1_loss,
    "bce": F.binary_cross_entropy_with_logits,
}


def loss_of(name: str, label_smoothing: float = 0.0) -> Loss:
    """The mean over the images; what is minimised may be smoothed, evaluation never is."""
    if is_own(name):
        return lambda logits, labels: _own_of_each(name, logits, labels).mean()
    if name == "cross_entropy":
        return lambda logits, labels: F.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)
    return lambda logits, labels: OF_ONE_HOT[name](logits.float(), _one_hot(logits, labels))


def loss_of_each(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of each image, of which ``loss_of(name)`` is the mean."""
    if is_own(name):
        return _own_of_each(name, logits, labels)
    if name == "cross_entropy":
        return F.cross_entropy(logits.float(), labels, reduction="none")
    return OF_ONE_HOT[name](logits.float(), _one_hot(logits, labels), reduction="none").mean(1)


def _one_hot(logits: Tensor, labels: Tensor) -> Tensor:
    return F.one_hot(labels, logits.shape[1]).float()


def check_own_loss(name: str, classes: int) -> None:
    """Refuse a loss of the user's own that fails on a batch, or that nothing can be learned from."""
    if is_own(name):
        logits = torch.zeros(2, classes, requires_grad=True)
        with errors_told(f"loss {name!r} cannot take logits of shape (2, {classes}) and labels"):
            own = _own_of_each(name, logits, torch.zeros(2, dtype=torch.int64))
        if not own.requires_grad:
            raise Mistake(f"loss {name!r} has no gradient, so nothing can be learned from it; compute it with torch.")


def _own_of_each(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    each: Tensor = own_function("loss", name)(logits.float(), labels)
    if getattr(each, "shape", None) != labels.shape:
        got = f"one of shape {tuple(each.shape)}" if isinstance(each, Tensor) else f"a {type(each).__name__}"
        raise Mistake(
            f"loss {name!r} must give the loss of each image, a tensor of shape ({len(labels)},) for {len(labels)} images, "
            f"but it gives {got}; torch's losses do with reduction='none'."
        )
    return each
