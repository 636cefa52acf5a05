"""The layers that can be swapped, by the name a recipe calls them."""

from functools import partial

from torch import nn

from cnnzoo.mistake import Mistake
from cnnzoo.nets.blocks import Activation, LocalResponseNorm, Norm, Pooling

ACTIVATIONS: dict[str, Activation] = {
    "relu": partial(nn.ReLU, inplace=True),  # safe: what stands before it never needs its own output to learn
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "rrelu": nn.RReLU,
    "gelu": nn.GELU,
    "mish": nn.Mish,
}
NORMS: dict[str, Norm] = {
    "batch": nn.BatchNorm2d,
    "lrn": partial(LocalResponseNorm, size=5),  # the window of the AlexNet paper; the nets that have another say so
    "none": nn.Identity,
}
POOLINGS: dict[str, Pooling] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}

CHOICES: dict[str, tuple[str, ...]] = {
    "activation": tuple(ACTIVATIONS),
    "norm": tuple(NORMS),
    "pooling": tuple(POOLINGS),
    "strides": ("first", "every"),  # which blocks of a stage after the first halve height and width
    "initialisation": ("he", "torch"),
    "dropout_at": ("none", "instead", "after", "before"),  # of every BatchNorm: in its place, after it or before it
}


def check_dropout_at(norm: str, dropout: float, dropout_at: str) -> None:
    """Refuse a combination of these three options in which one of them would be ignored."""
    if dropout_at == "none" and dropout > 0:
        raise Mistake(
            f"dropout={dropout} would be ignored with dropout_at='none'; set dropout_at to instead, after or before."
        )
    if dropout_at != "none" and dropout == 0:
        raise Mistake(f"dropout_at={dropout_at!r} needs a dropout above 0, but got 0; set dropout=0.2, for example.")
    if dropout_at in ("before", "after") and norm == "none":
        raise Mistake(f"dropout_at={dropout_at!r} needs a norm to stand {dropout_at}; set norm, or leave it out.")
    if dropout_at == "instead" and norm != "batch":
        raise Mistake(f"norm={norm!r} would be ignored with dropout_at='instead', which replaces it; leave norm out.")
