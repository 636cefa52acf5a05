"""ResNet 18 to 152 of reports A and C, report A's SS3, and its three places for dropout."""

from typing import NamedTuple

from torch import nn

from cnnzoo.blocks import Activation, Norm, ResidualBlock, Shape, basic_block, bottleneck, conv_unit, scaled
from cnnzoo.nets.choices import ACTIVATIONS, NORMS, check_dropout_at

CHANNELS = (64, 128, 256, 512)  # by stage


class Plan(NamedTuple):
    block: ResidualBlock
    expansion: int  # outputs of a block for each of the stage's channels
    depths: tuple[int, ...]  # blocks by stage


PLANS = {
    "resnet18": Plan(basic_block, 1, (2, 2, 2, 2)),
    "resnet34": Plan(basic_block, 1, (3, 4, 6, 3)),
    "resnet50": Plan(bottleneck, 4, (3, 4, 6, 3)),
    "resnet101": Plan(bottleneck, 4, (3, 4, 23, 3)),
    "resnet152": Plan(bottleneck, 4, (3, 8, 36, 3)),
    "ss3": Plan(basic_block, 1, (1, 1, 1)),
}


def resnet(
    name: str,
    shape: Shape,
    classes: int,
    *,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
    dropout_at: str = "none",
    stem_pool: int = 1,
    width: float = 1.0,
) -> nn.Module:
    """conv 7x7 /2 ─ norm ─ act ─ maxpool 3 /stem_pool ─ stages ─ mean ─ linear

    The stem's pooling is of stride 1 in report C and of stride 2 in torchvision's networks, which report A took.
    """
    check_dropout_at(norm, dropout, dropout_at)
    plan, act = PLANS[name], ACTIVATIONS[activation]
    inner, outer = _norms(NORMS[norm], dropout, dropout_at)
    first = scaled(CHANNELS[0], width)
    outputs = [plan.expansion * scaled(channels, width) for channels in CHANNELS[: len(plan.depths)]]
    network = nn.Sequential(
        *conv_unit(shape[0], first, 7, outer, act, stride=2),
        nn.MaxPool2d(3, stem_pool, 1),
        stages(plan.block, plan.depths, first, outputs, inner, outer, act),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(outputs[-1], classes),
    )
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):  # as in torchvision and the paper on initialisation it follows
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return network


def stages(
    block: ResidualBlock,
    depths: tuple[int, ...],
    inputs: int,
    outputs: list[int],
    inner: Norm,
    outer: Norm,
    activation: Activation,
) -> nn.Sequential:
    """A sequence of blocks for each stage. The first block of every stage but the first halves height and width."""
    result = nn.Sequential()
    for number, (depth, channels) in enumerate(zip(depths, outputs, strict=True)):
        stage = nn.Sequential()
        for i in range(depth):
            stride = 2 if number > 0 and i == 0 else 1
            stage.append(block(inputs, channels, stride, inner, outer, activation))
            inputs = channels
        result.append(stage)
    return result


def _norms(norm: Norm, p: float, dropout_at: str) -> tuple[Norm, Norm]:
    """The norm inside the residual branches, and the one outside of them."""
    inner: dict[str, Norm] = {
        "none": norm,
        "instead": lambda _: nn.Dropout(p),
        "after": lambda channels: nn.Sequential(norm(channels), nn.Dropout(p)),
        "before": lambda channels: nn.Sequential(nn.Dropout(p), norm(channels)),
    }
    return inner[dropout_at], inner["instead"] if dropout_at == "instead" else norm
