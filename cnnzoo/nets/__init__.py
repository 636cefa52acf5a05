"""Every network by its name, with the options a recipe may set for it. Told without torch, which takes seconds to load."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnzoo.mistake import Mistake
from cnnzoo.storage.own import own_function

if TYPE_CHECKING:
    from torch import nn

Builder = Callable[..., "nn.Module"]  # (shape of an image, number of classes, *, options) -> network

# What a recipe may call the parts that can be swapped; ``layers`` has what the first three name.
CHOICES: dict[str, tuple[str, ...]] = {
    "activation": ("relu", "sigmoid", "tanh", "elu", "rrelu", "gelu", "mish"),
    "norm": ("batch", "lrn", "none"),
    "pooling": ("max", "average"),
    "strides": ("first", "every"),  # which blocks of a stage after the first halve height and width
    "initialisation": ("he", "torch"),
    "dropout_at": ("none", "instead", "after", "before"),  # of every BatchNorm: in its place, after it or before it
}


@dataclass(frozen=True, eq=False)
class Net:
    """A builder of the zoo: the module it stands in, and the options it takes, each as it is if nobody sets it."""

    name: str
    module: str
    takes: Mapping[str, Any]

    def __call__(self, shape: tuple[int, int, int], classes: int, **options: Any) -> "nn.Module":
        """The network; torch is loaded now."""
        build: Builder = import_module(f"{__name__}.{self.module}").BUILDERS[self.name]
        try:
            return build(shape, classes, **{**self.takes, **options})
        except Mistake as error:
            raise Mistake(f"{self.name} {error}") from None


def _nets(module: str, *names: str, **takes: Any) -> dict[str, Net]:
    return {name: Net(name, module, takes) for name in names}


_ALEXNET = {"activation": "relu", "norm": "lrn", "pooling": "max", "dropout": 0.5, "width": 1.0}
_RESNET = {
    "activation": "relu", "norm": "batch", "dropout": 0.0, "dropout_at": "none", "stem_pool": 1, "strides": "first",
    "initialisation": "he", "width": 1.0,
}  # fmt: skip
_RES9 = {"activation": "relu", "norm": "batch", "stem": (3,), "width": 1.0}

ZOO: dict[str, Net] = {
    # Report C
    **_nets("plain", "lenet", activation="relu", pooling="max"),
    **_nets("plain", "alexnet", **{**_ALEXNET, "dropout": 0.2}),
    **_nets("plain", "vgg11", "vgg13", "vgg16", "vgg19", activation="relu", norm="none", dropout=0.4, width=1.0),
    **_nets("googlenet", "googlenet", activation="relu", norm="batch", dropout=0.2, aux=0.0, relu_logits=False),
    **_nets("residual", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", **_RESNET),
    # Report A, beside resnet18 with stem_pool=2 and alexnet_original
    **_nets("plain", "lenet_1998", activation="tanh", pooling="average"),
    **_nets("residual", "ss3", **{**_RESNET, "stem_pool": 2}),
    # Report B
    **_nets("plain", "lenet_b", activation="relu", norm="batch", pooling="max", dropout=0.5),
    **_nets("plain", "alexnet_b", "alexnet_original", **_ALEXNET),
    # Report D
    **_nets("residual", "res18", "res9", "simp_res9", **_RES9),
    **_nets("plain", "vgg_a", activation="relu", norm="none", width=1.0),
}


def builder_of(model: str) -> Builder:
    """What builds the network of this name: the zoo, or whatever can be imported as ``module:function``."""
    return ZOO[model] if model in ZOO else own_function("model", model, ZOO)


def check_dropout_at(norm: str, dropout: float, dropout_at: str) -> None:
    """Refuse a combination of these three options in which one of them would be ignored."""
    if dropout_at == "none" and dropout > 0:
        raise Mistake(
            f"dropout={dropout} would be ignored with dropout_at='none'; set dropout_at to instead, after or before."
        )
    if dropout_at != "none" and dropout == 0:
        raise Mistake(f"dropout_at={dropout_at!r} needs a dropout above 0, but got 0; set dropout=0.2, for example.")
    if dropout_at in ("before", "after") and norm == "none":
        raise Mistake(f"dropout_at={dropout_at!r} needs a norm to stand {dropout_at}; set norm, or leave it out.")
    if dropout_at == "instead" and norm != "batch":
        raise Mistake(f"norm={norm!r} would be ignored with dropout_at='instead', which replaces it; leave norm out.")
