"""AlexNet: report C's, report B's AlexNet-B, and the original in a single tower."""

from typing import NamedTuple

from torch import nn

from cnnzoo.blocks import Activation, LocalResponseNorm, Norm, Pooling, Shape, drop, feature_size, hidden, scaled
from cnnzoo.nets.choices import ACTIVATIONS, NORMS, POOLINGS


class Row(NamedTuple):
    """conv ─ act ─ (pool ─ (norm))"""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 1
    pool: int = 0  # window of the pooling, of stride 2; 0: none
    norm: bool = False


class Plan(NamedTuple):
    name: str
    rows: tuple[Row, ...]
    window: int | None  # of the LRN, in channels; None: all of them
    units: int  # in each of the two hidden layers
    last_dropout: bool  # also before the last layer


REPORT_C = Plan(
    "alexnet",
    (Row(24, 3, pool=2, norm=True), Row(64, 3, pool=2, norm=True), Row(96, 3), Row(96, 3), Row(64, 3, pool=2)),
    window=3,
    units=512,
    last_dropout=True,
)
REPORT_B = Plan(
    "alexnet_b",
    # The report's last pooling, of window 1, does nothing and is left out.
    (
        Row(16, 5, padding=2, pool=2, norm=True),
        Row(32, 5, padding=2, pool=2, norm=True),
        Row(96, 3),
        Row(64, 3),
        Row(64, 3),
    ),
    window=None,
    units=2048,
    last_dropout=False,
)
ORIGINAL = Plan(
    "alexnet_original",
    (
        Row(96, 11, stride=4, padding=0, pool=3, norm=True),
        Row(256, 5, padding=2, pool=3, norm=True),
        Row(384, 3),
        Row(384, 3),
        Row(256, 3, pool=3),
    ),
    window=5,
    units=4096,
    last_dropout=False,
)


def alexnet(
    plan: Plan,
    shape: Shape,
    classes: int,
    *,
    activation: str = "relu",
    norm: str = "lrn",
    pooling: str = "max",
    dropout: float = 0.5,
    width: float = 1.0,
) -> nn.Module:
    """5 convs ─ [dropout ─ linear ─ act] x 2 ─ (dropout) ─ linear"""
    act, layer = ACTIVATIONS[activation], _lrn_of(plan) if norm == "lrn" else NORMS[norm]
    rows = [row._replace(channels=scaled(row.channels, width)) for row in plan.rows]
    features = convolutions(shape[0], rows, layer, act, POOLINGS[pooling])
    height, breadth = feature_size(plan.name, features, shape)
    units = scaled(plan.units, width)
    return nn.Sequential(
        features,
        nn.Flatten(),
        *hidden((rows[-1].channels * height * breadth, units, units), act, dropout),
        drop(dropout if plan.last_dropout else 0.0),
        nn.Linear(units, classes),
    )


def convolutions(inputs: int, rows: list[Row], norm: Norm, activation: Activation, pooling: Pooling) -> nn.Sequential:
    """The rows as layers. BatchNorm stands where LRN stood, after the pooling: the arms differ in nothing else."""
    layers: list[nn.Module] = []
    for row in rows:
        layers += [nn.Conv2d(inputs, row.channels, row.kernel, row.stride, row.padding), activation()]
        layers += [pooling(row.pool, 2, 0)] if row.pool else []
        layers += [norm(row.channels)] if row.norm else []
        inputs = row.channels
    return nn.Sequential(*layers)


def _lrn_of(plan: Plan) -> Norm:
    return lambda channels: LocalResponseNorm(channels, plan.window or channels)
