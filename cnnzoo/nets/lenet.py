"""LeNet: report C's (as in 1998, but for ReLU and max pooling), and report B's LeNet-B."""

from torch import nn

from cnnzoo.blocks import Shape, conv_unit, drop, feature_size, hidden
from cnnzoo.nets.choices import ACTIVATIONS, NORMS, POOLINGS


def lenet(shape: Shape, classes: int, *, activation: str = "relu", pooling: str = "max") -> nn.Module:
    """[conv 5x5 ─ act ─ pool] x 2 ─ 120 ─ act ─ 84 ─ act ─ classes"""
    act, pool = ACTIVATIONS[activation], POOLINGS[pooling]
    features = nn.Sequential(
        nn.Conv2d(shape[0], 6, 5, padding=2), act(), pool(2, 2, 0),
        nn.Conv2d(6, 16, 5), act(), pool(2, 2, 0),
    )  # fmt: skip
    height, width = feature_size("lenet", features, shape)
    sizes = (16 * height * width, 120, 84)
    return nn.Sequential(features, nn.Flatten(), *hidden(sizes, act, 0.0), nn.Linear(84, classes))


def lenet_b(
    shape: Shape,
    classes: int,
    *,
    activation: str = "relu",
    norm: str = "batch",
    pooling: str = "max",
    dropout: float = 0.5,
) -> nn.Module:
    """[conv 5x5 ─ norm ─ act ─ pool] x 2 ─ dropout ─ classes"""
    act, layer, pool = ACTIVATIONS[activation], NORMS[norm], POOLINGS[pooling]
    features = nn.Sequential(
        *conv_unit(shape[0], 16, 5, layer, act), pool(2, 2, 0),
        *conv_unit(16, 32, 5, layer, act), pool(2, 2, 0),
    )  # fmt: skip
    height, width = feature_size("lenet_b", features, shape)
    return nn.Sequential(features, nn.Flatten(), drop(dropout), nn.Linear(32 * height * width, classes))
