"""Every network with every value of every option; golden sizes worked out by hand; torchvision's networks."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.googlenet import BasicConv2d, Inception
from torchvision.models.googlenet import GoogLeNet as TorchvisionGoogLeNet

from cnnzoo.blocks import LocalResponseNorm, scaled
from cnnzoo.nets import ZOO
from cnnzoo.nets.alexnet import Plan, Row, alexnet
from cnnzoo.nets.choices import CHOICES
from cnnzoo.nets.googlenet import ROWS
from cnnzoo.recipe import defaults_of

VALUES: dict[str, tuple[Any, ...]] = {
    **CHOICES,
    "dropout": (0.0, 0.4),
    "stem": ((3,), (7,), (3, 3), (3, 3, 3)),
    "stem_pool": (1, 2),
    "aux": (0.0, 0.3),
    "width": (0.25, 0.3, 1.5),
}
SMALLEST = {"lenet": 12, "googlenet": 25, "alexnet_original": 67, "vgg_a": 32}  # sides below which nothing is left
CASES = [(model, option, value) for model in ZOO for option in defaults_of(ZOO[model]) for value in VALUES[option]]


def small(model: str) -> dict[str, Any]:
    """Options that keep a network small."""
    return {"width": 0.25} if "width" in defaults_of(ZOO[model]) else {}


def side(model: str) -> int:
    """The smallest image that the network takes, and that a recipe allows."""
    return SMALLEST.get(model, 8)


def options_of_case(model: str, option: str, value: object) -> dict[str, Any]:
    options = {**small(model), option: value}
    if "dropout_at" in defaults_of(ZOO[model]):  # these two go together
        if option == "dropout" and value:
            options["dropout_at"] = "after"
        if option == "dropout_at" and value != "none":
            options["dropout"] = 0.2
    return options


def gradients(network: nn.Module, images: Tensor, classes: int) -> list[Tensor]:
    outputs = network(images)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert all(output.shape == (len(images), classes) for output in outputs)
    sum(nn.functional.cross_entropy(output.float(), torch.arange(len(images))) for output in outputs).backward()
    assert all(p.grad is not None for p in network.parameters())
    return [p.grad for p in network.parameters()]


@pytest.mark.parametrize(("model", "option", "value"), CASES)
def test_every_option_trains_every_parameter(model: str, option: str, value: object) -> None:
    torch.manual_seed(0)
    network = ZOO[model]((2, side(model), side(model)), 5, **options_of_case(model, option, value))
    for gradient in gradients(network, torch.randn(4, 2, side(model), side(model)), 5):
        assert gradient.isfinite().all()
        assert gradient.any()
