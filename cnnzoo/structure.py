"""The layers of a network that one image passes, in order. Nothing is computed: on torch's meta device tensors have no values."""

import copy
import io
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnnzoo.learning.augment import check_own_augmentation
from cnnzoo.mistake import Mistake
from cnnzoo.nets import ZOO
from cnnzoo.nets.blocks import Add, Concat, LocalResponseNorm, RadialBasis, Shape
from cnnzoo.nets.layers import ACTIVATIONS
from cnnzoo.optimising.losses import check_own_loss
from cnnzoo.recipe import Recipe, build
from cnnzoo.storage.own import errors_told

MB = 2**20
LAYERS_THAT_COUNT = ("conv", "linear", "rbf")  # in the depth of a network: AlexNet has 8, ResNet-18 has 18
_ACTIVATION_NAMES = {type(make()): name for name, make in ACTIVATIONS.items()}


@dataclass(frozen=True)
class Layer:
    path: str  # where it stands in the network, as in the names of its weights
    kind: str  # conv, linear, rbf, norm, act, pool, global pool, dropout, add, concat, flatten, or own: of no kind known here
    text: str  # the same with its settings, for people
    output: tuple[int, ...]  # shape, for one image
    parameters: int
    depth: int  # of the layers up to this one that count, along the longest way
    inputs: tuple[int, ...]  # the places of the layers whose output it takes; -1 is the image


@dataclass(frozen=True)
class Size:
    """How large a network is, one of this zoo or any other."""

    parameters: int
    size_mb: float  # of the file that torch.save writes of its state, in MB of 2**20 bytes
    flops: int  # of one image forward by torch's own counter: two for a multiply-add, of convolutions and linear layers


@dataclass(frozen=True)
class Structure:
    """A network at a glance: its size, and the rows of report A's comparison."""

    size: Size
    activation: str
    pooling: str  # "max", "average" or both, global pooling included
    overlapping: bool  # some pooling's window is larger than its stride
    order: str  # of the layers from a convolution to the next, such as "conv-norm-act-pool"
    depth: int  # layers with weights from image to output, along the longest way: LeNet 5, AlexNet 8, ResNet-18 18
    convolutions: int
    fully_connected: int
    dropout: int  # layers
    output: str  # softmax, as part of the loss, of a linear layer or of RBF units
    shortcuts: int
    layers: tuple[Layer, ...]


def measure(recipe: Recipe, shape: Shape, classes: int) -> Size:
    """The size of the recipe's network for such images and so many classes."""
    return _measured(_on_meta(recipe, shape, classes), shape)


def check_fits(recipe: Recipe, shape: Shape, classes: int) -> None:
    """Refuse a network that such images cannot pass, or that does not end in a number for each class."""
    check_own_loss(recipe.loss, classes)
    check_own_augmentation(recipe, shape)
    network, who = _on_meta(recipe, shape, classes), f"model {recipe.model!r}"
    _check_passes(who, network, 1, shape, classes)
    if recipe.testing == "training_mode":
        _check_passes(f"{who}, tested in training mode,", network.train(), 1, shape, classes)
    fewest = min(recipe.batch_size, 2)  # a last batch of one is left out
    _check_passes(f"{who}, trained with batch_size={recipe.batch_size},", network.train(), fewest, shape, classes)


@torch.no_grad()
def _check_passes(who: str, network: nn.Module, images: int, shape: Shape, classes: int) -> None:
    with errors_told(f"{who} cannot take images of {shape}"):
        output = network(torch.empty(images, *shape, device="meta"))
    if network.training and isinstance(output, tuple) and hasattr(network, "aux_weight"):
        output = output[0]
    if getattr(output, "shape", None) != (images, classes):
        found = f"one of shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
        wanted = f"a tensor of shape ({images}, {classes})"
        raise Mistake(f"{who} must turn a batch of {images} into {wanted}, but it gives {found}.")


def describe(recipe: Recipe, shape: Shape, classes: int) -> Structure:
    """The structure of the recipe's network, one of the zoo, for such images and so many classes."""
    network = _on_meta(recipe, shape, classes)
    size, traced = _measured(network, shape), _trace(network, shape)
    kinds = [layer.kind for layer in traced]
    pools = [module for module in network.modules() if isinstance(module, nn.MaxPool2d | nn.AvgPool2d)]
    outputs = {"linear": "softmax", "act": "softmax of ReLU", "rbf": "RBF"}
    return Structure(
        size=size,
        activation=_named(layer.text for layer in traced if layer.kind == "act"),
        pooling=_named("max" if "max" in layer.text else "average" for layer in traced if "pool" in layer.kind),
        overlapping=any(cast(int, pool.kernel_size) > cast(int, pool.stride) for pool in pools),
        order=_order(kinds),
        depth=traced[-1].depth,
        convolutions=kinds.count("conv"),
        fully_connected=kinds.count("linear"),
        dropout=kinds.count("dropout"),
        output=outputs[traced[-1].kind],
        shortcuts=kinds.count("add"),
        layers=tuple(traced),
    )


def layers(recipe: Recipe, shape: Shape, classes: int) -> list[Layer]:
    """The layers that one image passes in the recipe's network, in the order it passes them; of a network of one's own, too."""
    return _trace(_on_meta(recipe, shape, classes), shape)


def _on_meta(recipe: Recipe, shape: Shape, classes: int) -> nn.Module:
    told = f"model {recipe.model!r} cannot be built for images of {shape}"
    with nullcontext() if recipe.model in ZOO else errors_told(told), torch.device("meta"):
        network = build(recipe, shape, classes)
    if not isinstance(network, nn.Module):
        raise Mistake(f"model {recipe.model!r} must return a torch.nn.Module, but it returns {network!r}.")
    return network.eval()


@torch.no_grad()
def _measured(network: nn.Module, shape: Shape) -> Size:
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, *shape, device="meta"))
    counts = counter.get_flop_counts()
    norms = [path for path, module in network.named_modules() if isinstance(module, LocalResponseNorm)]
    in_norms = sum(sum(counts[f"{type(network).__name__}.{path}"].values()) for path in norms)  # their band matrices
    return Size(
        parameters=sum(p.numel() for p in network.parameters()),
        size_mb=_bytes_as_file(network) / MB,
        flops=counter.get_total_flops() - in_norms,
    )


def _bytes_as_file(network: nn.Module) -> int:
    """What ``torch.save`` makes of the network's state, without its values: report D's measure of size."""
    state = copy.deepcopy(network).to_empty(device="cpu").state_dict()
    file = io.BytesIO()
    with torch.serialization.skip_data():
        torch.save(state, file)
    return file.tell()


def _trace(network: nn.Module, shape: Shape) -> list[Layer]:
    """What stands between two modules, such as a sum written with +, is not seen: it counts as the layer before it."""
    traced: list[Layer] = []
    image = torch.empty(1, *shape, device="meta")
    makers = {image: -1}  # which layer has made it, by tensor

    def seen(path: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        if not isinstance(output, Tensor):  # a recurrent layer of somebody's own, say
            return
        parameters = sum(p.numel() for p in module.parameters())
        kind, text = _kind_and_text(module)
        places = tuple(makers.get(each, len(traced) - 1) for each in inputs if isinstance(each, Tensor))
        depth = max((traced[place].depth for place in places if place >= 0), default=0) + (kind in LAYERS_THAT_COUNT)
        makers[output] = len(traced)
        traced.append(Layer(path, kind, text, tuple(output.shape[1:]), parameters, depth, places))

    for path, module in network.named_modules():
        if not list(module.children()) and not isinstance(module, nn.Identity | nn.Sequential):
            module.register_forward_hook(partial(seen, path))
    with torch.no_grad():
        network(image)
    return traced


def _kind_and_text(module: nn.Module) -> tuple[str, str]:
    match module:
        case nn.Conv2d(in_channels=inputs, out_channels=outputs, kernel_size=(k, _), stride=(stride, _)):
            return "conv", f"conv {k}x{k}, {inputs} -> {outputs}" + (f", stride {stride}" if stride > 1 else "")
        case nn.Linear(in_features=inputs, out_features=outputs):
            return "linear", f"linear {inputs} -> {outputs}"
        case RadialBasis(codes=codes):
            return "rbf", f"RBF units {codes.shape[1]} -> {codes.shape[0]}"
        case nn.BatchNorm2d():
            return "norm", "batch norm"
        case LocalResponseNorm(size=size):
            return "norm", f"local response norm over {size} channels"
        case nn.MaxPool2d(kernel_size=window, stride=stride):
            return "pool", f"max pool {window}x{window}, stride {stride}"
        case nn.AvgPool2d(kernel_size=window, stride=stride):
            return "pool", f"average pool {window}x{window}, stride {stride}"
        case nn.AdaptiveMaxPool2d():
            return "global pool", "global max pool"
        case nn.AdaptiveAvgPool2d():
            return "global pool", "global average pool"
        case nn.Dropout(p=p):
            return "dropout", f"dropout {p:g}"
        case Add():
            return "add", "add the shortcut"
        case Concat():
            return "concat", "concatenate the branches"
        case nn.Flatten():
            return "flatten", "flatten"
    kind = type(module)
    return ("act", _ACTIVATION_NAMES[kind]) if kind in _ACTIVATION_NAMES else ("own", kind.__name__)


def _order(kinds: list[str]) -> str:
    """The first convolution with what follows it up to the next one, of those that have a pooling if any has."""
    follow = ("norm", "act", "pool", "dropout", "add")
    starts = [i for i, kind in enumerate(kinds) if kind == "conv"]
    units = [["conv", *takewhile(follow.__contains__, kinds[i + 1 :])] for i in starts]
    return "-".join(next((unit for unit in units if "pool" in unit), units[0]))


def _named(names: Iterable[str]) -> str:
    """Each name once, in the order of appearance."""
    return ", ".join(dict.fromkeys(names))
