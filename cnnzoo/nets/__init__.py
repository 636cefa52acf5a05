"""Every network by its name. The keyword-only options of a builder are the options a recipe may set for that model."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from torch import nn

from cnnzoo.blocks import Shape
from cnnzoo.nets.alexnet import ORIGINAL, REPORT_B, REPORT_C, alexnet
from cnnzoo.nets.cifar_resnet import double_conv, res9, res18, simplified_bottleneck
from cnnzoo.nets.googlenet import googlenet
from cnnzoo.nets.lenet import lenet, lenet_b
from cnnzoo.nets.resnet import resnet
from cnnzoo.nets.vgg import vgg, vgg_a

Builder = Callable[..., nn.Module]  # (shape of an image, number of classes, *, options) -> network

ZOO: dict[str, Builder] = {
    # Report C
    "lenet": lenet,
    "alexnet": partial(alexnet, REPORT_C, dropout=0.2),
    "vgg11": partial(vgg, "vgg11"),
    "vgg13": partial(vgg, "vgg13"),
    "vgg16": partial(vgg, "vgg16"),
    "vgg19": partial(vgg, "vgg19"),
    "googlenet": googlenet,
    "resnet18": partial(resnet, "resnet18"),
    "resnet34": partial(resnet, "resnet34"),
    "resnet50": partial(resnet, "resnet50"),
    "resnet101": partial(resnet, "resnet101"),
    "resnet152": partial(resnet, "resnet152"),
    # Report A, beside resnet18 with stem_pool=2
    "ss3": partial(resnet, "ss3", stem_pool=2),
    # Report B
    "lenet_b": lenet_b,
    "alexnet_b": partial(alexnet, REPORT_B),
    "alexnet_original": partial(alexnet, ORIGINAL),
    # Report D
    "res18": res18,
    "res9": partial(res9, double_conv, "res9"),
    "simp_res9": partial(res9, simplified_bottleneck, "simp_res9"),
    "vgg_a": vgg_a,
}


class Choice(Protocol):
    """What a recipe says of its network."""

    @property
    def model(self) -> str: ...
    def options(self) -> dict[str, Any]: ...


def build(recipe: Choice, shape: Shape, classes: int) -> nn.Module:
    """The recipe's network for such images and so many classes; its weights come from torch's global generator."""
    return ZOO[recipe.model](shape, classes, **recipe.options())
