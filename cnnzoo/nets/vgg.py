"""VGG: report C's for 28x28 images, and report D's VGG-A for CIFAR-10."""

from typing import NamedTuple

from torch import nn

from cnnzoo.blocks import Activation, Norm, Shape, conv_unit, drop, feature_size, hidden, scaled
from cnnzoo.nets.choices import ACTIVATIONS, NORMS


class Pool(NamedTuple):
    window: int
    stride: int
    padding: int


HALVE, WIDEN, KEEP = Pool(2, 2, 0), Pool(2, 1, 1), Pool(3, 1, 1)  # WIDEN: a pixel more on each side

# Report C's six blocks: channels, and the pooling after them. A depth is the number of 3x3 convolutions in each block.
REPORT_C = ((16, WIDEN), (32, WIDEN), (64, HALVE), (128, HALVE), (128, HALVE), (128, KEEP))
DEPTHS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),  # the report's 16 and 19 count three linear layers, but it describes four
    "vgg19": (2, 2, 3, 3, 3, 3),
}
Row = tuple[tuple[int, ...], Pool]  # the channels of a block's convolutions, and the pooling after them
VGG_A: list[Row] = [((64,), HALVE), ((128,), HALVE), ((256,) * 2, HALVE), ((512,) * 2, HALVE), ((512,) * 2, HALVE)]


def vgg(
    name: str,
    shape: Shape,
    classes: int,
    *,
    activation: str = "relu",
    norm: str = "none",
    dropout: float = 0.4,
    width: float = 1.0,
) -> nn.Module:
    """5 or 6 blocks of convs ─ [dropout ─ 256 ─ act] x 3 ─ dropout ─ classes"""
    act = ACTIVATIONS[activation]
    rows = [((channels,) * depth, pool) for depth, (channels, pool) in zip(DEPTHS[name], REPORT_C, strict=False)]
    features, flat = _features(name, shape, rows, NORMS[norm], act, width)
    units = scaled(256, width)
    return nn.Sequential(
        features,
        nn.Flatten(),
        *hidden((flat, units, units, units), act, dropout),
        drop(dropout),
        nn.Linear(units, classes),
    )


def vgg_a(shape: Shape, classes: int, *, activation: str = "relu", norm: str = "none", width: float = 1.0) -> nn.Module:
    """64 pool ─ 128 pool ─ 256 256 pool ─ 512 512 pool ─ 512 512 pool ─ 512 ─ 512 ─ classes"""
    act = ACTIVATIONS[activation]
    features, flat = _features("vgg_a", shape, VGG_A, NORMS[norm], act, width)
    units = scaled(512, width)
    return nn.Sequential(features, nn.Flatten(), *hidden((flat, units, units), act, 0.0), nn.Linear(units, classes))


def _features(
    name: str, shape: Shape, rows: list[Row], norm: Norm, activation: Activation, width: float
) -> tuple[nn.Sequential, int]:
    """The convolutions and poolings, and how many values they leave of an image."""
    layers: list[nn.Module] = []
    inputs = shape[0]
    for block, pool in rows:
        for channels in block:
            layers += conv_unit(inputs, scaled(channels, width), 3, norm, activation)
            inputs = scaled(channels, width)
        layers.append(nn.MaxPool2d(*pool))
    features = nn.Sequential(*layers)
    height, breadth = feature_size(name, features, shape)
    return features, inputs * height * breadth
