"""The networks without branches: LeNet, AlexNet and VGG, of reports B, C and D."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from torch import nn

from cnnzoo.nets.blocks import Activation, LocalResponseNorm, RadialBasis, Shape, conv_unit, drop, scaled, values_left
from cnnzoo.nets.layers import ACTIVATIONS, NORMS, POOLINGS


def lenet(shape: Shape, classes: int, *, activation: str, pooling: str) -> nn.Module:
    """Report C's: [conv 5x5 ─ act ─ pool] x 2 ─ 120 ─ act ─ 84 ─ act ─ classes"""
    act, pool = ACTIVATIONS[activation], POOLINGS[pooling]
    convs = [nn.Conv2d(shape[0], 6, 5, padding=2), act(), pool(2, 2), nn.Conv2d(6, 16, 5), act(), pool(2, 2)]
    return _with_head(convs, shape, (120, 84), classes, act)


def lenet_1998(shape: Shape, classes: int, *, activation: str, pooling: str) -> nn.Module:
    """LeCun's LeNet-5: [conv 5x5 ─ pool ─ act] x 2 ─ conv 5x5 ─ act ─ 84 ─ act ─ RBF units

    Padded, so that images of 28x28 take the place of its 32x32. Left out are the weights of its poolings and the holes in
    the connections between its first two convolutions.
    """
    act, pool = ACTIVATIONS[activation], POOLINGS[pooling]
    features = nn.Sequential(
        nn.Conv2d(shape[0], 6, 5, padding=2), pool(2, 2), act(),
        nn.Conv2d(6, 16, 5), pool(2, 2), act(),
        nn.Conv2d(16, 120, 5), act(),
    )  # fmt: skip
    left = values_left(features, shape)
    return nn.Sequential(features, nn.Flatten(), nn.Linear(left, 84), act(), RadialBasis(84, classes))


def lenet_b(shape: Shape, classes: int, *, activation: str, norm: str, pooling: str, dropout: float) -> nn.Module:
    """Report B's: [conv 5x5 ─ norm ─ act ─ pool] x 2 ─ dropout ─ classes; its convolutions keep their biases beside BN"""
    act, layer, pool = ACTIVATIONS[activation], NORMS[norm], POOLINGS[pooling]
    first, second = conv_unit(shape[0], 16, 5, layer, act, bias=True), conv_unit(16, 32, 5, layer, act, bias=True)
    convs = [*first, pool(2, 2), *second, pool(2, 2)]
    return _with_head(convs, shape, (), classes, act, last_dropout=dropout)


class Conv(NamedTuple):
    """A convolution of an AlexNet with what follows it: conv ─ act ─ (pool ─ (norm))"""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 1
    pool: int = 0  # window of the pooling, of stride 2; 0: none
    norm: bool = False


class Plan(NamedTuple):
    convs: tuple[Conv, ...]
    window: int | None  # of the LRN, in channels; None: all of them
    units: int  # in each of the two hidden layers
    last_dropout: bool = False  # also before the last layer


ALEXNET = Plan(
    (Conv(24, 3, pool=2, norm=True), Conv(64, 3, pool=2, norm=True), Conv(96, 3), Conv(96, 3), Conv(64, 3, pool=2)),
    window=3, units=512, last_dropout=True,
)  # fmt: skip
ALEXNET_B = Plan(  # the report's last pooling, of window 1, does nothing and is left out
    (Conv(16, 5, 1, 2, pool=2, norm=True), Conv(32, 5, 1, 2, pool=2, norm=True), Conv(96, 3), Conv(64, 3), Conv(64, 3)),
    window=None, units=2048,
)  # fmt: skip
ALEXNET_ORIGINAL = Plan(  # in a single tower
    (Conv(96, 11, 4, 0, pool=3, norm=True), Conv(256, 5, 1, 2, pool=3, norm=True), Conv(384, 3), Conv(384, 3),
     Conv(256, 3, pool=3)),
    window=5, units=4096,
)  # fmt: skip


def alexnet(
    plan: Plan, shape: Shape, classes: int, *, activation: str, norm: str, pooling: str, dropout: float, width: float
) -> nn.Module:
    """5 convs ─ [dropout ─ linear ─ act] x 2 ─ (dropout) ─ linear

    BatchNorm stands where LRN stood, after the pooling: the arms differ in nothing else.
    """
    act, pool = ACTIVATIONS[activation], POOLINGS[pooling]
    layers: list[nn.Module] = []
    inputs = shape[0]
    for conv in plan.convs:
        channels = scaled(conv.channels, width)
        layers += [nn.Conv2d(inputs, channels, conv.kernel, conv.stride, conv.padding), act()]
        layers += [pool(conv.pool, 2)] if conv.pool else []
        if conv.norm:
            lrn = norm == "lrn"
            layers.append(LocalResponseNorm(channels, plan.window or channels) if lrn else NORMS[norm](channels))
        inputs = channels
    units = (scaled(plan.units, width),) * 2
    return _with_head(layers, shape, units, classes, act, dropout, dropout if plan.last_dropout else 0.0)


# A VGG's blocks: the channels of its 3x3 convolutions, and the max pooling after them (window, stride, padding).
Blocks = list[tuple[tuple[int, ...], tuple[int, int, int]]]
HALVE, WIDEN, KEEP = (2, 2, 0), (2, 1, 1), (3, 1, 1)  # WIDEN: a pixel more on each side

REPORT_D: Blocks = [((64,), HALVE), ((128,), HALVE), ((256,) * 2, HALVE), ((512,) * 2, HALVE), ((512,) * 2, HALVE)]
REPORT_C = ((16, WIDEN), (32, WIDEN), (64, HALVE), (128, HALVE), (128, HALVE), (128, KEEP))
DEPTHS = {  # the number of convolutions in each of report C's blocks
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),  # the report's 16 and 19 count three linear layers, but it describes four
    "vgg19": (2, 2, 3, 3, 3, 3),
}


class Vgg(NamedTuple):
    blocks: Blocks
    units: tuple[int, ...]  # in each hidden layer


def report_c(depths: tuple[int, ...]) -> Vgg:
    blocks = [((channels,) * depth, pool) for depth, (channels, pool) in zip(depths, REPORT_C, strict=False)]
    return Vgg(blocks, (256,) * 3)


VGGS = {**{name: report_c(depths) for name, depths in DEPTHS.items()}, "vgg_a": Vgg(REPORT_D, (512,) * 2)}


def vgg(
    plan: Vgg, shape: Shape, classes: int, *, activation: str, norm: str, width: float, dropout: float = 0.0
) -> nn.Module:
    """blocks of convs ─ [dropout ─ linear ─ act] for each hidden layer ─ dropout ─ linear"""
    act, inputs = ACTIVATIONS[activation], shape[0]
    layers: list[nn.Module] = []
    for block, pool in plan.blocks:
        for channels in block:
            layers += conv_unit(inputs, scaled(channels, width), 3, NORMS[norm], act)
            inputs = scaled(channels, width)
        layers.append(nn.MaxPool2d(*pool))
    hidden = tuple(scaled(size, width) for size in plan.units)
    return _with_head(layers, shape, hidden, classes, act, dropout, dropout)


def _with_head(
    convs: list[nn.Module],
    shape: Shape,
    units: tuple[int, ...],
    classes: int,
    activation: Activation,
    dropout: float = 0.0,
    last_dropout: float = 0.0,
) -> nn.Module:
    """convs ─ [dropout ─ linear ─ act] for each hidden layer of so many units ─ last_dropout ─ linear"""
    features = nn.Sequential(*convs)
    sizes = (values_left(features, shape), *units)
    hidden = [layer for size in pairwise(sizes) for layer in (drop(dropout), nn.Linear(*size), activation())]
    return nn.Sequential(features, nn.Flatten(), *hidden, drop(last_dropout), nn.Linear(sizes[-1], classes))


BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "lenet": lenet,
    "lenet_1998": lenet_1998,
    "lenet_b": lenet_b,
    "alexnet": partial(alexnet, ALEXNET),
    "alexnet_b": partial(alexnet, ALEXNET_B),
    "alexnet_original": partial(alexnet, ALEXNET_ORIGINAL),
    **{name: partial(vgg, plan) for name, plan in VGGS.items()},
}
