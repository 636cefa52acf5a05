"""Every network by its name. The keyword-only options of a builder are the options a recipe may set for that model.

A network of the user's own is named ``module:function``, after any builder that can be imported.
"""

import hashlib
import inspect
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from torch import nn

from cnnzoo.mistake import Mistake
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
    module, colon, function = model.partition(":")
    if not colon:
        raise unknown("model", model, (*ZOO, "module:function"))
    try:
        builder: Builder = getattr(import_module(module), function)
        inspect.signature(builder)
    except Exception as error:  # whatever a file of somebody's own may raise
        raise Mistake(
            f"model {model!r} cannot be had: {_with_place(error)}. It names a function(shape, classes) -> network in a "
            f"file {module}.py beside the study."
        ) from None
    return builder


def _with_place(error: Exception) -> str:
    """What went wrong, in one line, and at which line of a file that was being imported."""
    said = " ".join(str(error).split()) or type(error).__name__  # a SyntaxError names its place itself
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    return f"{said} ({places[-1].filename}, line {places[-1].lineno})" if places else said


def source_digest(model: str) -> str:
    """Of the file of a network of the user's own: edited, it is another network. Those of the zoo have none."""
    if model in ZOO:
        return ""
    module = model.partition(":")[0]
    file = getattr(import_module(module), "__file__", None)
    if file is None:
        raise Mistake(f"model {model!r} stands in no file, so an edit of it would go unseen; put it into one.")
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
