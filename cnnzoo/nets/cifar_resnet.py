"""Report D's residual networks for CIFAR-10: Res18, Res9 and simp_Res9."""

from collections.abc import Callable

from torch import nn

from cnnzoo.blocks import Activation, Norm, Residual, Shape, conv_unit, feature_size, scaled, stem_units
from cnnzoo.nets.choices import ACTIVATIONS, NORMS
from cnnzoo.nets.resnet import CHANNELS, PLANS, stages


def res18(
    shape: Shape,
    classes: int,
    *,
    activation: str = "relu",
    norm: str = "batch",
    stem: tuple[int, ...] = (3,),
    width: float = 1.0,
) -> nn.Module:
    """stem ─ the stages of ResNet-18 ─ mean ─ linear"""
    act, layer = ACTIVATIONS[activation], NORMS[norm]
    outputs = [scaled(channels, width) for channels in CHANNELS]
    plan = PLANS["resnet18"]
    return nn.Sequential(
        *stem_units(shape[0], outputs[0], stem, layer, act),
        stages(plan.block, plan.depths, outputs[0], outputs, layer, layer, act),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(outputs[-1], classes),
    )


def double_conv(channels: int, norm: Norm, activation: Activation) -> Residual:
    """
    x ─┬─ [conv 3x3 ─ norm ─ act] x 2 ─ + ─
       └────────────────────────────────┘
    """
    unit = (channels, channels, 3, norm, activation)
    return Residual([*conv_unit(*unit), *conv_unit(*unit)], [], nn.Identity())


def simplified_bottleneck(channels: int, norm: Norm, activation: Activation) -> Residual:
    """
    x ─┬─ conv 1x1 to a quarter ─ norm ─ act ─ conv 3x3 ─ norm ─ act ─ conv 1x1 back ─ norm ─ act ─ + ─
       └────────────────────────────────────────────────────────────────────────────────────────────┘
    """
    quarter = channels // 4
    branch = [
        *conv_unit(channels, quarter, 1, norm, activation),
        *conv_unit(quarter, quarter, 3, norm, activation),
        *conv_unit(quarter, channels, 1, norm, activation),
    ]
    return Residual(branch, [], nn.Identity())


def res9(
    block: Callable[[int, Norm, Activation], Residual],
    name: str,
    shape: Shape,
    classes: int,
    *,
    activation: str = "relu",
    norm: str = "batch",
    stem: tuple[int, ...] = (3,),
    width: float = 1.0,
) -> nn.Module:
    """stem 64 ─ conv 128 ─ pool ─ block 128 ─ conv 256 ─ pool ─ conv 256 ─ pool ─ block 256 ─ global maxpool ─ linear

    The usual ResNet-9, since report D's figure is not available. It is 9.32 MB, reported as 8.7; simp_res9 is 4.02 MB,
    reported as 3.41. Both are 0.6 above the report: what differs is the part they share, not the residual blocks.
    """
    act, layer = ACTIVATIONS[activation], NORMS[norm]
    first, middle, last = (scaled(channels, width) for channels in (64, 128, 256))
    features = nn.Sequential(
        *stem_units(shape[0], first, stem, layer, act),
        *conv_unit(first, middle, 3, layer, act), nn.MaxPool2d(2),
        block(middle, layer, act),
        *conv_unit(middle, last, 3, layer, act), nn.MaxPool2d(2),
        *conv_unit(last, last, 3, layer, act), nn.MaxPool2d(2),
        block(last, layer, act),
    )  # fmt: skip
    feature_size(name, features, shape)
    return nn.Sequential(features, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(last, classes))
