"""The layers that can be swapped, by the name a recipe calls them."""

from functools import partial

from torch import nn

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
