"""Every network with every value of every option; golden sizes worked out by hand; torchvision's networks."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.googlenet import BasicConv2d, Inception
from torchvision.models.googlenet import GoogLeNet as TorchvisionGoogLeNet
from torchvision.models.vgg import cfgs, make_layers

from cnnzoo.nets import CHOICES, ZOO
from cnnzoo.nets.blocks import Add, LocalResponseNorm, RadialBasis, scaled
from cnnzoo.nets.googlenet import BLOCKS
from cnnzoo.nets.layers import ACTIVATIONS, NORMS, POOLINGS
from cnnzoo.nets.plain import Conv, Plan, alexnet
from cnnzoo.optimising.losses import OF_ONE_HOT
from cnnzoo.recipe import LOSSES, defaults_of

VALUES: dict[str, tuple[Any, ...]] = {
    **CHOICES,
    "dropout": (0.0, 0.4),
    "stem": ((3,), (7,), (3, 3), (3, 3, 3)),
    "stem_pool": (1, 2),
    "relu_logits": (False, True),
    "aux": (0.0, 0.3),
    "width": (0.25, 0.5),
}
SMALLEST = {
    "lenet": 12,
    "lenet_1998": 28,
    "googlenet": 25,
    "alexnet_original": 67,
    "vgg_a": 32,
}  # sides below which nothing is left
CASES = [(model, option, value) for model in ZOO for option in defaults_of(ZOO[model]) for value in VALUES[option]]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small layers only lose by a second thread, most of all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(model: str) -> dict[str, Any]:
    """Options that keep a network small and, without ReLUs, its every unit alive."""
    return {"activation": "elu", **({"width": 0.25} if "width" in defaults_of(ZOO[model]) else {})}


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


def biases_before_a_norm(network: nn.Module) -> list[nn.Parameter]:
    """A BatchNorm takes them away again, so their gradient is nothing but rounding."""
    rows = [list(module.children()) for module in network.modules() if isinstance(module, nn.Sequential)]
    pairs = [pair for row in rows for pair in pairwise(row)]
    return [one.bias for one, next_ in pairs if isinstance(one, nn.Conv2d) and isinstance(next_, nn.BatchNorm2d)]


@pytest.mark.parametrize(("model", "option", "value"), CASES)
def test_every_option_trains_every_parameter(model: str, option: str, value: object) -> None:
    torch.manual_seed(0)
    network = ZOO[model]((2, side(model), side(model)), 5, **options_of_case(model, option, value))
    found = gradients(network, torch.randn(4, 2, side(model), side(model)), 5)
    taken_away = biases_before_a_norm(network)
    for parameter, gradient in zip(network.parameters(), found, strict=True):
        assert gradient.isfinite().all()
        assert gradient.any() or any(parameter is bias for bias in taken_away)


# Parameters as the reports' rows give them: a convolution has outputs * (inputs * window (+ 1 for a bias)), a norm 2 a
# channel, a linear layer outputs * (inputs + 1).
def basic(inputs: int, outputs: int) -> int:
    """Two 3x3, each with a norm; a 1x1 and a norm in the shortcut where the channels change."""
    shortcut = 0 if inputs == outputs else inputs * outputs + 2 * outputs
    return 9 * inputs * outputs + 9 * outputs * outputs + 2 * 2 * outputs + shortcut


def bottleneck(inputs: int, planes: int) -> int:
    """1x1 to the planes, 3x3, 1x1 to four times them; a 1x1 and a norm in the shortcut where the channels change."""
    shortcut = 0 if inputs == 4 * planes else inputs * 4 * planes + 2 * 4 * planes
    return inputs * planes + 9 * planes * planes + planes * 4 * planes + 2 * (planes + planes + 4 * planes) + shortcut


def resnet(depths: tuple[int, int, int, int]) -> int:
    """Stem of 7x7 and norm, stages of bottlenecks, linear."""
    total, inputs = 64 * 49 + 128, 64
    for depth, planes in zip(depths, (64, 128, 256, 512), strict=True):
        total += bottleneck(inputs, planes) + (depth - 1) * bottleneck(4 * planes, planes)
        inputs = 4 * planes
    return total + 10 * 2049


def further_shortcuts(expansion: int, depths: tuple[int, int, int]) -> int:
    """With a stride in every block of the last three stages all of them have a 1x1 and a norm, not the first alone."""
    outputs = [expansion * channels for channels in (128, 256, 512)]
    return sum((depth - 1) * (width * width + 2 * width) for depth, width in zip(depths, outputs, strict=True))


def inception(inputs: int, single: int, reduce3: int, conv3: int, reduce5: int, conv5: int, pooled: int) -> int:
    """Each convolution with a bias, and a norm of two numbers a channel."""
    to_1x1 = inputs * (single + reduce3 + reduce5 + pooled)
    channels = single + reduce3 + conv3 + reduce5 + conv5 + pooled
    return to_1x1 + 9 * reduce3 * conv3 + 25 * reduce5 * conv5 + 3 * channels


def auxiliary(inputs: int) -> int:
    """1x1 to 128 and norm, 4x4 of them to 1024, to 10."""
    return inputs * 128 + 3 * 128 + 1024 * (16 * 128 + 1) + 10 * 1025


GOOGLENET_STEM = 49 * 8 + 24 + 8 * 8 + 24 + 9 * 8 * 24 + 72
BASIC_18 = 2 * basic(64, 64) + basic(64, 128) + basic(128, 128) + basic(128, 256) + basic(256, 256) + basic(256, 512) + basic(512, 512)  # fmt: skip  # noqa: E501
BASIC_34 = 3 * basic(64, 64) + basic(64, 128) + 3 * basic(128, 128) + basic(128, 256) + 5 * basic(256, 256) + basic(256, 512) + 2 * basic(512, 512)  # fmt: skip  # noqa: E501
VGG_HEAD = 256 * (128 * 3 * 3 + 1) + 256 * 257 + 256 * 257 + 10 * 257
VGG_13 = 16 * 10 + 16 * 145 + 32 * 145 + 32 * 289 + 64 * 289 + 64 * 577 + 128 * 577 + 128 * 1153 + 2 * 128 * 1153
RES9_TRUNK = 64 * 3 * 9 + 2 * 64 + 128 * 64 * 9 + 2 * 128 + 256 * 128 * 9 + 2 * 256 + 256 * 256 * 9 + 2 * 256 + 10 * 257

C, B, A, D = ((1, 28, 28), 10), ((1, 28, 28), 12), ((3, 64, 64), 200), ((3, 32, 32), 10)
GOLDEN: list[tuple[str, dict[str, Any], tuple[tuple[int, int, int], int], int]] = [
    ("lenet", {}, C, 6 * 26 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 85),
    ("alexnet", {}, C, 24 * 10 + 64 * 217 + 96 * 577 + 96 * 865 + 64 * 865 + 512 * 577 + 512 * 513 + 10 * 513),
    ("alexnet", {"norm": "batch"}, C, 771_130 + 2 * 24 + 2 * 64),
    ("vgg11", {}, C, 16 * 10 + 32 * 145 + 64 * 289 + 64 * 577 + 128 * 577 + 128 * 1153 + 2 * 128 * 1153 + VGG_HEAD),
    ("vgg13", {}, C, VGG_13 + VGG_HEAD),
    ("vgg16", {}, C, VGG_13 + 64 * 577 + 2 * 128 * 1153 + VGG_HEAD),
    ("vgg19", {}, C, VGG_13 + 64 * 577 + 2 * 128 * 1153 + 3 * 128 * 1153 + VGG_HEAD),
    # with BatchNorm the convolutions have no bias: two numbers a channel instead of one
    ("vgg16", {"norm": "batch"}, C, 1_349_818 + 2 * 16 + 2 * 32 + 3 * 64 + 3 * 128 + 3 * 128),
    ("googlenet", {}, C, GOOGLENET_STEM + sum(inception(*row) for row in BLOCKS.values()) + 10 * 129),
    ("googlenet", {"relu_logits": True}, C, 97_488),  # as report C counts them, here and in the next line
    ("googlenet", {"aux": 0.3}, C, 4_331_748),
    ("googlenet", {"aux": 0.3}, C, 97_488 + auxiliary(64) + auxiliary(66)),
    ("resnet18", {}, C, 64 * 49 + 128 + BASIC_18 + 10 * 513),
    ("resnet34", {}, C, 64 * 49 + 128 + BASIC_34 + 10 * 513),
    ("resnet50", {}, C, resnet((3, 4, 6, 3))),
    ("resnet101", {}, C, resnet((3, 4, 23, 3))),
    ("resnet152", {}, C, resnet((3, 8, 36, 3))),
    ("resnet18", {"strides": "every"}, C, 64 * 49 + 128 + BASIC_18 + 10 * 513 + further_shortcuts(1, (2, 2, 2))),
    ("resnet34", {"strides": "every"}, C, 64 * 49 + 128 + BASIC_34 + 10 * 513 + further_shortcuts(1, (4, 6, 3))),
    ("resnet50", {"strides": "every"}, C, resnet((3, 4, 6, 3)) + further_shortcuts(4, (4, 6, 3))),
    ("resnet101", {"strides": "every"}, C, resnet((3, 4, 23, 3)) + further_shortcuts(4, (4, 23, 3))),
    ("resnet152", {"strides": "every"}, C, resnet((3, 8, 36, 3)) + further_shortcuts(4, (8, 36, 3))),
    ("lenet_1998", {}, C, 6 * 26 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 84),
    ("ss3", {}, A, 64 * 147 + 128 + basic(64, 64) + basic(64, 128) + basic(128, 256) + 200 * 257),
    ("resnet18", {"stem_pool": 2}, A, 64 * 147 + 128 + BASIC_18 + 200 * 513),
    # in place of its norms (1 of the stem, 16 in branches, 3 in shortcuts) dropout, which has no parameters
    ("resnet18", {"dropout_at": "instead", "dropout": 0.2}, A, 11_279_112 - 2 * (5 * 64 + 5 * (128 + 256 + 512))),
    ("lenet_b", {}, B, 16 * 26 + 2 * 16 + 32 * 401 + 2 * 32 + 12 * (32 * 7 * 7 + 1)),
    ("lenet_b", {}, B, 32_172),  # as report B counts them
    ("lenet_b", {"norm": "none"}, B, 16 * 26 + 32 * 401 + 12 * 1569),
    ("alexnet_b", {}, B, 16 * 26 + 32 * 401 + 96 * 289 + 64 * 865 + 64 * 577 + 2048 * 3137 + 2048 * 2049 + 12 * 2049),
    (
        "alexnet_original", {}, ((3, 227, 227), 1000),
        96 * 364 + 256 * 2401 + 384 * 2305 + 384 * 3457 + 256 * 3457 + 4096 * 9217 + 4096 * 4097 + 1000 * 4097,
    ),
    ("res18", {}, D, 64 * 27 + 128 + BASIC_18 + 10 * 513),
    ("res9", {}, D, RES9_TRUNK + 2 * (9 * 128 * 128 + 2 * 128) + 2 * (9 * 256 * 256 + 2 * 256)),
    (
        "simp_res9", {}, D,
        RES9_TRUNK + 2 * 128 * 32 + 9 * 32 * 32 + 2 * 192 + 2 * 256 * 64 + 9 * 64 * 64 + 2 * 384,
    ),
    ("simp_res9", {"stem": (7,)}, D, 1_052_362 + 64 * 3 * (49 - 9)),
    ("simp_res9", {"stem": (3, 3, 3)}, D, 1_052_362 + 2 * (64 * 64 * 9 + 2 * 64)),
    (
        "vgg_a", {}, D,
        64 * 28 + 128 * 577 + 256 * 1153 + 256 * 2305 + 512 * 2305 + 3 * 512 * 4609 + 2 * 512 * 513 + 10 * 513,
    ),
    ("vgg_a", {"norm": "batch"}, D, 9_750_922 + 64 + 128 + 2 * 256 + 4 * 512),
]  # fmt: skip


@pytest.mark.parametrize(("model", "options", "images", "parameters"), GOLDEN)
def test_golden_parameters(
    model: str, options: dict[str, Any], images: tuple[tuple[int, int, int], int], parameters: int
) -> None:
    with torch.device("meta"):
        network = ZOO[model](*images, **options)
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize(
    ("model", "first", "every"),
    [
        ("resnet18", 11.18, 11.52),
        ("resnet34", 21.28, 22.19),
        ("resnet50", 23.52, 37.96),
        ("resnet101", 42.51, 74.81),
        ("resnet152", 58.16, 105.2),
    ],
)
def test_resnets_have_report_cs_millions_as_it_wrote_them_and_the_standard_ones(
    model: str, first: float, every: float
) -> None:
    for strides, millions in (("first", first), ("every", every)):
        with torch.device("meta"):
            network = ZOO[model](*C, strides=strides)
        assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, rel=5e-4)


def test_a_stride_in_every_block_leaves_the_first_stage_as_it_is() -> None:
    def sides(strides: str) -> list[int]:
        network = ZOO["resnet34"]((1, 28, 28), 10, strides=strides, width=0.25)
        found: list[int] = []
        for module in network.modules():
            if isinstance(module, Add):
                module.register_forward_hook(lambda _, __, output: found.append(output.shape[-1]))
        network(torch.zeros(2, 1, 28, 28))
        return found

    assert sides("first") == [14] * 3 + [7] * 4 + [4] * 6 + [2] * 3
    assert sides("every") == [14] * 3 + [7, 4, 2, 1] + [1] * 9


def test_resnets_begin_with_the_weights_they_are_asked_for() -> None:
    torch.manual_seed(0)
    he, torchs = (ZOO["resnet18"]((3, 32, 32), 10, initialisation=name) for name in ("he", "torch"))
    kernel = (
        512 * 512 * 9
    )  # of the last convolution; He: deviation sqrt(2 / (9 * 512)); torch: uniform to sqrt(1 / (9 * 512))
    last = [
        [m for m in net.modules() if isinstance(m, nn.Conv2d) and m.weight.numel() == kernel][-1]
        for net in (he, torchs)
    ]
    assert last[0].weight.std().item() == pytest.approx((2 / 4608) ** 0.5, rel=0.01)
    assert last[1].weight.std().item() == pytest.approx((1 / 4608 / 3) ** 0.5, rel=0.01)
    assert last[1].weight.abs().max().item() <= 4608**-0.5


def test_a_relu_on_the_logits_is_off_unless_asked_for() -> None:
    images = torch.randn(8, 1, 28, 28)
    torch.manual_seed(0)
    plain = ZOO["googlenet"]((1, 28, 28), 10).eval()
    torch.manual_seed(0)
    cut = ZOO["googlenet"]((1, 28, 28), 10, relu_logits=True).eval()
    assert plain(images).min() < 0
    assert torch.equal(cut(images), plain(images).relu())


def test_radial_basis_units_measure_the_distance_to_a_code() -> None:
    units = RadialBasis(3, 2)
    assert set(units.codes.flatten().tolist()) <= {-1.0, 1.0}
    units.codes.data = torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0]])
    assert units(torch.tensor([[1.0, 1.0, 0.0]])).tolist() == [[-0.5, -2.5]]  # distances 1 and 0 + 4 + 1


def test_every_network_has_a_golden_count() -> None:
    assert {model for model, *_ in GOLDEN} == set(ZOO)


def test_every_name_that_is_told_without_torch_has_its_layer_and_its_loss() -> None:
    for option, layers in (("activation", ACTIVATIONS), ("norm", NORMS), ("pooling", POOLINGS)):
        assert CHOICES[option] == tuple(layers)
    assert ("cross_entropy", *OF_ONE_HOT) == LOSSES


@pytest.mark.parametrize("model", ZOO)
def test_too_small_an_image_is_refused_with_the_size_that_would_do(model: str) -> None:
    least = {"lenet_b": 4, "alexnet_b": 4, "alexnet": 8, "res9": 8, "simp_res9": 8, "vgg11": 6, "vgg13": 6, "vgg16": 6,
             "vgg19": 6, **SMALLEST}.get(model, 1)  # fmt: skip
    network = ZOO[model]((1, least, least + 1), 10, **small(model)).eval()
    assert network(torch.zeros(1, 1, least, least + 1)).shape == (1, 10)
    if least > 1:
        size = f"{least + 1}x{least - 1}"
        rule = f"^{model} needs images of at least {least}x{least}, but got {size}; set image_size={least}.$"
        with pytest.raises(ValueError, match=rule):
            ZOO[model]((1, least + 1, least - 1), 10)


@pytest.mark.parametrize("model", ZOO)
def test_the_seed_decides_the_weights(model: str) -> None:
    def outputs(seed: int) -> Tensor:
        torch.manual_seed(seed)
        network = ZOO[model]((1, side(model), side(model)), 5, **small(model)).eval()
        return network(torch.ones(1, 1, side(model), side(model)))

    assert outputs(1).equal(outputs(1))
    assert not outputs(1).equal(outputs(2))


@pytest.mark.parametrize("model", ZOO)
def test_channels_last_from_end_to_end(model: str) -> None:
    """No layer falls back to channels first: each such layer would cost two copies."""
    images = torch.randn(2, 3, 67, 67).to(memory_format=torch.channels_last)
    network = ZOO[model]((3, 67, 67), 5, **small(model)).to(memory_format=torch.channels_last)

    def check(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and output.dim() == 4:
            assert output.is_contiguous(memory_format=torch.channels_last), module

    for module in network.modules():
        module.register_forward_hook(check)
    network(images)


@pytest.mark.parametrize("model", ZOO)
def test_under_bf16_autocast(model: str) -> None:
    torch.manual_seed(0)
    images = torch.randn(4, 1, side(model), side(model))
    network = ZOO[model]((1, side(model), side(model)), 5, **small(model))
    with torch.autocast("cpu", torch.bfloat16):
        found = gradients(network, images, 5)
    assert all(gradient.isfinite().all() for gradient in found)


@pytest.mark.parametrize("size", [2, 3, 5, 16])
def test_local_response_norm_is_torchs(size: int) -> None:
    images = 30 * torch.randn(2, 16, 5, 5)  # large enough for the denominator to matter
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    output, expected = LocalResponseNorm(16, size)(ours), nn.LocalResponseNorm(size)(theirs)
    torch.testing.assert_close(output, expected)
    output.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
    with torch.autocast("cpu", torch.bfloat16):
        low = LocalResponseNorm(16, size)(images.bfloat16())
    torch.testing.assert_close(low.float(), expected.detach(), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("width", "channels"), [(1.0, 6), (0.5, 4), (0.01, 4), (2.0, 12), (1.4, 8)])
def test_width_gives_multiples_of_four(width: float, channels: int) -> None:
    assert scaled(6, width) == channels


def kinds(network: nn.Module, *wanted: type[nn.Module]) -> list[str]:
    return [type(module).__name__ for module in network.modules() if isinstance(module, wanted)]


def test_the_places_of_dropout_in_report_a() -> None:
    def layers(**options: object) -> list[str]:
        return kinds(ZOO["resnet18"]((3, 64, 64), 200, width=0.25, **options), nn.BatchNorm2d, nn.Dropout)

    norm, drop = "BatchNorm2d", "Dropout"
    projected = [norm, norm, norm, norm, norm]  # a stage after the first: two blocks, and a norm in a shortcut
    assert layers() == [norm] * 5 + projected * 3
    assert layers(dropout=0.2, dropout_at="instead") == [drop] * 20
    for place, pair in (("after", [norm, drop]), ("before", [drop, norm])):
        later = pair * 2 + [norm] + pair * 2
        assert layers(dropout=0.2, dropout_at=place) == [norm] + pair * 4 + later * 3


def test_auxiliary_heads_speak_only_while_training() -> None:
    network = ZOO["googlenet"]((1, 28, 28), 10, aux=0.3)
    images = torch.randn(2, 1, 28, 28)
    assert network.aux_weight == 0.3
    assert [output.shape for output in network(images)] == [(2, 10)] * 3
    assert network.eval()(images).shape == (2, 10)


def take_weights(ours: nn.Module, theirs: nn.Module) -> None:
    """Their weights in our network; both have their layers in the same order."""
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))


def assert_same(ours: nn.Module, theirs: nn.Module, images: Tensor) -> None:
    """The same with the batch's statistics and with running ones. Without dropout, which draws as it likes."""
    for network in (ours, theirs):
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    torch.testing.assert_close(ours(images), theirs(images))
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images))


@pytest.mark.parametrize("model", ["resnet18", "resnet34", "resnet50"])
def test_resnets_are_torchvisions(model: str) -> None:
    torch.manual_seed(0)
    ours, theirs = ZOO[model]((3, 40, 40), 10, stem_pool=2), getattr(models, model)(num_classes=10)
    take_weights(ours, theirs)
    assert_same(ours, theirs, torch.randn(2, 3, 40, 40))


def test_vgg_a_has_torchvisions_convolutions() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 32, 32)
    ours, theirs = ZOO["vgg_a"]((3, 32, 32), 10)[0], make_layers(cfgs["A"])
    take_weights(ours, theirs)
    assert_same(ours, theirs, images)

    ours, theirs = ZOO["vgg_a"]((3, 32, 32), 10, norm="batch")[0], make_layers(cfgs["A"], batch_norm=True)
    for module in theirs:
        if isinstance(module, nn.Conv2d):  # ours have no bias before a BatchNorm, which would take it away again
            module.bias = None
    take_weights(ours, theirs)
    assert_same(ours, theirs, images)


def test_alexnet_with_torchvisions_rows_is_torchvisions() -> None:
    torch.manual_seed(0)
    convolutions = (Conv(64, 11, stride=4, padding=2, pool=3), Conv(192, 5, padding=2, pool=3))
    rows = (*convolutions, Conv(384, 3), Conv(256, 3), Conv(256, 3, pool=3))
    options = {**ZOO["alexnet"].takes, "norm": "none", "dropout": 0.5}
    ours = alexnet(Plan(rows, window=None, units=16, last_dropout=False), (3, 224, 224), 10, **options)
    theirs = models.AlexNet(num_classes=10)
    theirs.classifier[1] = nn.Linear(256 * 6 * 6, 16)  # 4096 units would only take time
    theirs.classifier[4], theirs.classifier[6] = nn.Linear(16, 16), nn.Linear(16, 10)
    take_weights(ours, theirs)
    assert_same(ours, theirs, torch.randn(2, 3, 224, 224))


def test_googlenet_with_the_reports_rows_is_torchvisions() -> None:
    torch.manual_seed(0)
    theirs = TorchvisionGoogLeNet(num_classes=10, aux_logits=False, init_weights=False)
    theirs.conv1, theirs.maxpool1 = BasicConv2d(1, 8, kernel_size=7, padding=3), nn.MaxPool2d(3, 2, padding=1)
    theirs.conv2, theirs.conv3 = BasicConv2d(8, 8, kernel_size=1), BasicConv2d(8, 24, kernel_size=3, padding=1)
    theirs.maxpool2, theirs.maxpool3, theirs.maxpool4 = (
        nn.MaxPool2d(3, 2, padding=1),
        nn.MaxPool2d(3, 2),
        nn.MaxPool2d(3, 2),
    )
    for name, row in BLOCKS.items():
        block = Inception(*row)
        block.branch3[1] = BasicConv2d(row.reduce5, row.conv5, kernel_size=5, padding=2)  # theirs is 3x3 by mistake
        setattr(theirs, f"inception{name}", block)
    theirs.fc = nn.Linear(128, 10)
    for module in theirs.modules():
        if isinstance(module, nn.Conv2d):  # the report's keep their biases beside the norm
            module.bias = nn.Parameter(torch.randn(module.out_channels))
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-5  # torch's own; theirs is TensorFlow's
    ours = ZOO["googlenet"]((1, 28, 28), 10)
    take_weights(ours, theirs)
    assert_same(ours, theirs, torch.randn(8, 1, 28, 28))
