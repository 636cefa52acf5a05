"""Every network by its name. The keyword-only options of a builder are the options a recipe may set for that model.

A network of the user's own is named ``module:function``, after any builder that can be imported.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from cnnzoo.nets.googlenet import googlenet
from cnnzoo.nets.plain import (
    ALEXNET,
    ALEXNET_B,
    ALEXNET_ORIGINAL,
    DEPTHS,
    alexnet,
    lenet,
    lenet_1998,
    lenet_b,
    vgg,
    vgg_a,
)
from cnnzoo.nets.residual import RESNETS, SS3, double_conv, res9, res18, resnet, simplified_bottleneck
from cnnzoo.spelling import unknown
from cnnzoo.storage.own import is_own, own_function

Builder = Callable[..., nn.Module]  # (shape of an image, number of classes, *, options) -> network

ZOO: dict[str, Builder] = {
    # Report C
    "lenet": lenet,
    "alexnet": partial(alexnet, ALEXNET, dropout=0.2),
    **{name: partial(vgg, name) for name in DEPTHS},
    "googlenet": googlenet,
    **{name: partial(resnet, plan) for name, plan in RESNETS.items()},
    # Report A, beside resnet18 with stem_pool=2 and alexnet_original
    "lenet_1998": lenet_1998,
    "ss3": partial(resnet, SS3, stem_pool=2),
    # Report B
    "lenet_b": lenet_b,
    "alexnet_b": partial(alexnet, ALEXNET_B),
    "alexnet_original": partial(alexnet, ALEXNET_ORIGINAL),
    # Report D
    "res18": res18,
    "res9": partial(res9, double_conv, "res9"),
    "simp_res9": partial(res9, simplified_bottleneck, "simp_res9"),
    "vgg_a": vgg_a,
}


def builder_of(model: str) -> Builder:
    """What builds the network of this name."""
    if model in ZOO:
        return ZOO[model]
    if not is_own(model):
        raise unknown("model", model, (*ZOO, "module:function"))
    return own_function("model", model)
