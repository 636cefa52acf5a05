"""Losses by name: logits of any precision and labels in, one number in fp32 out."""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor

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


def loss_of_each(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of each image, of which ``LOSSES[name]`` is the mean."""
    if name == "cross_entropy":
        return F.cross_entropy(logits.float(), labels, reduction="none")
    each: Tensor = BY_CLASS[name](logits.float(), _one_hot(logits, labels), reduction="none")
    return each.mean(1)


def training_loss(name: str, label_smoothing: float) -> Loss:
    """The loss that is minimised; evaluation always measures ``LOSSES[name]``, without smoothing."""
    return partial(cross_entropy, label_smoothing=label_smoothing) if label_smoothing else LOSSES[name]
