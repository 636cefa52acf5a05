"""The blocks the networks are made of. What can be swapped (activation, norm, pooling) is passed as a maker."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnzoo.mistake import Mistake

Shape = tuple[int, int, int]  # channels, height, width of an image or a feature map
Activation = Callable[[], nn.Module]
Norm = Callable[[int], nn.Module]  # from the number of channels
Pooling = Callable[[int, int], nn.Module]  # from window and stride


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


class RadialBasis(nn.Module):
    """The output layer of the LeNet of 1998: minus half the squared distance of the features to the code of each class.

    The paper draws the codes by hand, as bitmaps of 1 and -1; here they are drawn at random, and learned.
    """

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(2.0 * torch.randint(2, (classes, inputs)) - 1)

    def forward(self, x: Tensor) -> Tensor:
        return (x.float()[:, None] - self.codes).square().sum(2) / -2


def scaled(channels: int, width: float) -> int:
    """So many channels at this width: a multiple of four, but the report's own number at width 1."""
    return channels if width == 1 else max(4, 4 * round(channels * width / 4))


def drop(p: float) -> nn.Module:
    return nn.Dropout(p) if p > 0 else nn.Identity()


def conv_norm(
    inputs: int, outputs: int, kernel: int, norm: Norm, *, stride: int = 1, bias: bool = False
) -> list[nn.Module]:
    """``conv ─ norm``, padded to keep the size. A BatchNorm takes a bias before it away again: only ``bias`` asks for one."""
    layer = norm(outputs)
    bias = bias or any(isinstance(part, nn.Identity | LocalResponseNorm) for part in layer.modules())
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias), layer]


def conv_unit(
    inputs: int, outputs: int, kernel: int, norm: Norm, activation: Activation, *, stride: int = 1, bias: bool = False
) -> list[nn.Module]:
    """``conv ─ norm ─ act``"""
    return [*conv_norm(inputs, outputs, kernel, norm, stride=stride, bias=bias), activation()]


def values_left(features: nn.Module, shape: Shape) -> int:
    """How many values ``features`` leave of an image.

    Where nothing is left, a Mistake names the least size; ``Net`` puts the name of the network before it.
    """
    shapes_only = copy.deepcopy(features).to("meta").eval()

    def left(height: int, width: int) -> int:
        try:
            return int(shapes_only(torch.empty(1, shape[0], height, width, device="meta")).numel())
        except RuntimeError:  # a window larger than what it is to slide over
            return 0

    _, height, width = shape
    if values := left(height, width):
        return values
    least = next(side for side in range(1, 1000) if left(side, side))
    raise Mistake(f"needs images of at least {least}x{least}, but got {height}x{width}; set image_size={least}.")
