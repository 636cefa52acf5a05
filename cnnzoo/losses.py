"""Losses by name: logits of any precision and labels in, one number in fp32 out."""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    return F.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)


def _of_one_hot(loss: Loss) -> Loss:
    """Between the logits and the one-hot label, averaged over images and classes."""
    return lambda logits, labels: loss(logits.float(), F.one_hot(labels, logits.shape[1]).float())


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "smooth_l1": _of_one_hot(F.smooth_l1_loss),
    "bce": _of_one_hot(F.binary_cross_entropy_with_logits),
}


def training_loss(name: str, label_smoothing: float) -> Loss:
    """The loss that is minimised; evaluation always measures ``LOSSES[name]``, without smoothing."""
    return partial(cross_entropy, label_smoothing=label_smoothing) if label_smoothing else LOSSES[name]
