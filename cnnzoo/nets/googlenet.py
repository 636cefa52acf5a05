"""Report C's GoogLeNet, an eighth as wide as the original, with the auxiliary classifiers that the report left open.

Its convolutions keep their biases beside the norm, as the report's do.
"""

from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from cnnzoo.nets.blocks import Activation, Concat, Norm, Shape, conv_unit, drop, values_left
from cnnzoo.nets.layers import ACTIVATIONS, NORMS


class Channels(NamedTuple):
    inputs: int
    single: int  # the branch of one 1x1
    reduce3: int
    conv3: int
    reduce5: int
    conv5: int
    pooled: int

    @property
    def outputs(self) -> int:
        return self.single + self.conv3 + self.conv5 + self.pooled


BLOCKS = {
    "3a": Channels(24, 8, 12, 16, 2, 4, 4),
    "3b": Channels(32, 16, 16, 24, 4, 12, 8),
    "4a": Channels(60, 24, 12, 26, 2, 6, 8),
    "4b": Channels(64, 20, 14, 28, 3, 8, 8),
    "4c": Channels(64, 16, 16, 32, 3, 8, 8),
    "4d": Channels(64, 14, 18, 36, 4, 8, 8),
    "4e": Channels(66, 32, 20, 40, 4, 16, 16),
    "5a": Channels(104, 32, 20, 40, 4, 16, 16),
    "5b": Channels(104, 48, 24, 48, 6, 16, 16),
}


class Inception(nn.Module):
    """
    x ─┬─ conv 1x1 ──────────────┬─ concat ─     (every conv is a conv ─ norm ─ act)
       ├─ conv 1x1 ─ conv 3x3 ───┤
       ├─ conv 1x1 ─ conv 5x5 ───┤
       └─ maxpool 3 ─ conv 1x1 ──┘
    """

    def __init__(self, channels: Channels, norm: Norm, activation: Activation) -> None:
        super().__init__()
        unit = partial(conv_unit, norm=norm, activation=activation, bias=True)
        branches = (
            unit(channels.inputs, channels.single, 1),
            [*unit(channels.inputs, channels.reduce3, 1), *unit(channels.reduce3, channels.conv3, 3)],
            [*unit(channels.inputs, channels.reduce5, 1), *unit(channels.reduce5, channels.conv5, 5)],
            [nn.MaxPool2d(3, 1, 1), *unit(channels.inputs, channels.pooled, 1)],
        )
        self.branches = nn.ModuleList(nn.Sequential(*branch) for branch in branches)
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.concat(*(branch(x) for branch in self.branches))
        return out


class GoogLeNet(nn.Module):
    """
    image ─ stem ─ 3a ─ 3b ─ 4a ─┬─ 4b ─ 4c ─ 4d ─┬─ 4e ─ 5a ─ 5b ─ mean ─ dropout ─ linear
                                 └─ auxiliary 1   └─ auxiliary 2     (only while training, and only with aux above 0)

    While training it returns (main, auxiliary 1, auxiliary 2), and the loss is to be
    loss(main) + aux_weight * (loss(auxiliary 1) + loss(auxiliary 2)). Without auxiliaries it returns logits, as all do.
    """

    def __init__(self, trunk: nn.Sequential, head: nn.Module, auxiliary: list[nn.Module], aux: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.auxiliary = nn.ModuleList(auxiliary)
        self.aux_weight = aux

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        features = []
        for part in self.trunk:
            x = part(x)
            features.append(x)
        main: Tensor = self.head(x)
        if self.training and self.auxiliary:
            return main, *(head(x) for head, x in zip(self.auxiliary, features, strict=False))
        return main


def googlenet(
    shape: Shape, classes: int, *, activation: str, norm: str, dropout: float, aux: float, relu_logits: bool
) -> nn.Module:
    """GoogLeNet; ``aux`` is the weight of the auxiliary losses (0.3 in the paper), 0 leaves the auxiliaries out.

    The report ends in a ReLU, which cuts off the logits below zero. ``relu_logits`` adds it; the usual network has none.
    """
    layer, act = NORMS[norm], ACTIVATIONS[activation]
    unit = partial(conv_unit, norm=layer, activation=act, bias=True)
    block = {name: Inception(channels, layer, act) for name, channels in BLOCKS.items()}
    to_4a = nn.Sequential(
        *unit(shape[0], 8, 7), nn.MaxPool2d(3, 2, 1),
        *unit(8, 8, 1), *unit(8, 24, 3),
        nn.MaxPool2d(3, 2, 1), block["3a"], block["3b"],
        nn.MaxPool2d(3, 2), block["4a"],
    )  # fmt: skip
    to_4d = nn.Sequential(block["4b"], block["4c"], block["4d"])
    to_5b = nn.Sequential(block["4e"], nn.MaxPool2d(3, 2), block["5a"], block["5b"])
    trunk = nn.Sequential(to_4a, to_4d, to_5b)
    values_left(trunk, shape)  # refuses too small an image
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), drop(dropout), nn.Linear(BLOCKS["5b"].outputs, classes)]
    last = [nn.ReLU()] if relu_logits else []
    auxiliary = [_auxiliary(BLOCKS[name].outputs, classes, layer, act, dropout) for name in ("4a", "4d") if aux > 0]
    return GoogLeNet(trunk, nn.Sequential(*head, *last), auxiliary, aux)


def _auxiliary(inputs: int, classes: int, norm: Norm, activation: Activation, dropout: float) -> nn.Module:
    """mean pool to 4x4 ─ conv 1x1 ─ norm ─ act ─ linear ─ act ─ dropout ─ linear

    The paper's 128 channels and 1024 units, as the report has them, with the network's own dropout. The pooling is
    adaptive, since at the 3x3 of a 28x28 image the paper's window of 5 would not fit.
    """
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4),
        *conv_unit(inputs, 128, 1, norm, activation, bias=True), nn.Flatten(),
        nn.Linear(128 * 4 * 4, 1024), activation(), drop(dropout),
        nn.Linear(1024, classes),
    )  # fmt: skip


BUILDERS = {"googlenet": googlenet}
