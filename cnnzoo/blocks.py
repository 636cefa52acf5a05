"""The blocks the networks are made of. What can be swapped (activation, norm, pooling) is passed as a maker."""

from collections.abc import Callable, Iterator
from itertools import count, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Shape = tuple[int, int, int]  # channels, height, width of an image or a feature map
Activation = Callable[[], nn.Module]
Norm = Callable[[int], nn.Module]  # from the number of channels
Pooling = Callable[[int, int, int], nn.Module]  # from window, stride, padding


class Add(nn.Module):
    """The sum at the end of a shortcut; a module of its own, so that a trace sees it."""

    def forward(self, branch: Tensor, shortcut: Tensor) -> Tensor:
        return branch + shortcut


class Concat(nn.Module):
    """The channels of several branches side by side; a module of its own, so that a trace sees it."""

    def forward(self, *branches: Tensor) -> Tensor:
        return torch.cat(branches, 1)


class LocalResponseNorm(nn.Module):
    """torch's layer of that name with its usual constants, as a 1x1 convolution with a band matrix: five times faster.

    b_i = a_i / (1 + 1e-4 * mean over a window of ``size`` neighbouring channels a_j^2) ^ 0.75
    """

    band: Tensor

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.size = size
        offset = torch.arange(channels) - torch.arange(channels)[:, None]  # from channel (row) to neighbour (column)
        band = ((offset >= -(size // 2)) & (offset <= (size - 1) // 2)).float() * (1e-4 / size)
        self.register_buffer("band", band[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()  # 1 + something small would be 1 in bf16, which is what autocast may hand in and convolve in
        root = torch.rsqrt(1 + F.conv2d(wide * wide, self.band).float())
        return (wide * root * root.sqrt()).to(x.dtype)

    def extra_repr(self) -> str:
        return f"size={self.size}"


def scaled(channels: int, width: float) -> int:
    """So many channels at this width: a multiple of four, but the report's own number at width 1."""
    return channels if width == 1 else max(4, 4 * round(channels * width / 4))


def drop(p: float) -> nn.Module:
    return nn.Dropout(p) if p > 0 else nn.Identity()


def conv_norm(inputs: int, outputs: int, kernel: int, norm: Norm, *, stride: int = 1) -> list[nn.Module]:
    """``conv ─ norm``, padded to keep the size; without a bias where a BatchNorm (or what replaces it) follows."""
    layer = norm(outputs)
    bias = isinstance(layer, nn.Identity | LocalResponseNorm)
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias), layer]


def conv_unit(
    inputs: int, outputs: int, kernel: int, norm: Norm, activation: Activation, *, stride: int = 1
) -> list[nn.Module]:
    """``conv ─ norm ─ act``"""
    return [*conv_norm(inputs, outputs, kernel, norm, stride=stride), activation()]


def stem_units(
    inputs: int, outputs: int, kernels: tuple[int, ...], norm: Norm, activation: Activation
) -> list[nn.Module]:
    """One ``conv ─ norm ─ act`` for each kernel size."""
    units = zip(pairwise((inputs, *(outputs for _ in kernels))), kernels, strict=True)
    return [layer for channels, kernel in units for layer in conv_unit(*channels, kernel, norm, activation)]


def hidden(sizes: tuple[int, ...], activation: Activation, dropout: float) -> list[nn.Module]:
    """One ``dropout ─ linear ─ act`` between each size and the next."""
    return [layer for size in pairwise(sizes) for layer in (drop(dropout), nn.Linear(*size), activation())]


class Residual(nn.Module):
    """
    x ─┬─ branch ─── + ─ act ─
       └─ shortcut ──┘
    """

    def __init__(self, branch: list[nn.Module], shortcut: list[nn.Module], activation: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*branch)
        self.shortcut = nn.Sequential(*shortcut)
        self.add = Add()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(self.add(self.branch(x), self.shortcut(x)))
        return out


# A residual block from its inputs, outputs, stride, norm of the branch, norm of the shortcut, and activation.
ResidualBlock = Callable[[int, int, int, Norm, Norm, Activation], Residual]


def basic_block(inputs: int, outputs: int, stride: int, inner: Norm, outer: Norm, activation: Activation) -> Residual:
    """
    x ─┬─ conv 3x3 /stride ─ norm ─ act ─ conv 3x3 ─ norm ─── + ─ act ─
       └─ (conv 1x1 /stride ─ norm, where the shape changes) ─┘
    """
    branch = [
        *conv_unit(inputs, outputs, 3, inner, activation, stride=stride),
        *conv_norm(outputs, outputs, 3, inner),
    ]
    return Residual(branch, projection(inputs, outputs, stride, outer), activation())


def bottleneck(inputs: int, outputs: int, stride: int, inner: Norm, outer: Norm, activation: Activation) -> Residual:
    """
    x ─┬─ conv 1x1 ─ norm ─ act ─ conv 3x3 /stride ─ norm ─ act ─ conv 1x1 ─ norm ─── + ─ act ─
       │    (to a quarter of the outputs)                        (to the outputs)     │
       └─ (conv 1x1 /stride ─ norm, where the shape changes) ─────────────────────────┘
    """
    planes = outputs // 4
    branch = [
        *conv_unit(inputs, planes, 1, inner, activation),
        *conv_unit(planes, planes, 3, inner, activation, stride=stride),
        *conv_norm(planes, outputs, 1, inner),
    ]
    return Residual(branch, projection(inputs, outputs, stride, outer), activation())


def projection(inputs: int, outputs: int, stride: int, norm: Norm) -> list[nn.Module]:
    return [] if inputs == outputs and stride == 1 else conv_norm(inputs, outputs, 1, norm, stride=stride)


Resizing = nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d


def feature_size(name: str, features: nn.Sequential, shape: Shape) -> tuple[int, int]:
    """Height and width of what ``features`` make of an image; an error that names the least size where nothing is left.

    Follows the convolutions and poolings of the sequence; any other block in it keeps the size of what it gets.
    """
    layers = list(_resizing(features))
    height, width = (_side(layers, side) for side in shape[1:])
    if min(height, width) < 1:
        least = next(side for side in count(1) if _side(layers, side) >= 1)
        given = f"{shape[1]}x{shape[2]}"
        raise ValueError(f"{name} needs images of at least {least}x{least}, but got {given}; set image_size={least}.")
    return height, width


def _resizing(features: nn.Sequential) -> Iterator[Resizing]:
    for layer in features:
        if isinstance(layer, nn.Sequential):
            yield from _resizing(layer)
        elif isinstance(layer, Resizing):
            yield layer


def _side(layers: list[Resizing], side: int) -> int:
    for layer in layers:
        window, stride, padding = (one_side(v) for v in (layer.kernel_size, layer.stride, layer.padding))
        side = (side + 2 * padding - window) // stride + 1
        if side < 1:
            return 0
    return side


def one_side(value: object) -> int:
    """A window, stride or padding, which torch keeps as one number or as a pair of equal ones."""
    first = value[0] if isinstance(value, tuple) else value
    assert isinstance(first, int)
    return first
