"""A trained network comes back from its file as it went, or not at all."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from cnnzoo import Recipe, Training, load, save, train

RECIPE = Recipe(model="lenet", optimizer="adam", lr=2e-3, train_size=600, batch_size=50, epochs=1)


@pytest.fixture(scope="module")
def training() -> Training:
    result = train(RECIPE, device="cpu")
    list(result)
    return result


@pytest.fixture
def saved(training: Training, tmp_path: Path) -> Path:
    path = tmp_path / "lenet.safetensors"
    save(training, path)
    return path


def some_images(training: Training) -> Tensor:
    return training.dataset.test.images[training.dataset.test.index[:300]]


def probabilities(training: Training, images: Tensor) -> Tensor:
    """As they are by definition: uint8 NHWC images to 0..1, normalised, through the network."""
    pixels = images.permute(0, 3, 1, 2).float() / 255
    mean, std = training.dataset.mean[0], training.dataset.std[0]
    with torch.inference_mode():
        logits: Tensor = training.model.eval()((pixels - mean) / std)
    return logits.softmax(1)


def test_loading_takes_nothing_from_the_callers_random_numbers(saved: Path) -> None:
    before = torch.get_rng_state()
    load(saved, device="cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_comes_back_with_all_that_is_needed_to_use_it(training: Training, saved: Path) -> None:
    network = load(saved, device="cpu")
    assert network.recipe == training.recipe
    assert network.classes == tuple("0123456789")
    assert network.shape == (1, 28, 28)
    assert (network.mean, network.std) == (training.dataset.mean, training.dataset.std)
    for (name, ours), theirs in zip(
        network.model.state_dict().items(), training.model.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name
    images = some_images(training)
    predicted = network.predict(images)
    assert torch.allclose(predicted, probabilities(training, images), atol=1e-5)
    assert torch.allclose(predicted.sum(1), torch.ones(300))


def test_its_accuracy_is_the_one_that_was_measured(training: Training, saved: Path) -> None:
    split = training.dataset.test
    predicted = load(saved, device="cpu").predict(split.images[split.index]).argmax(1)
    hits = (predicted == split.labels[split.index]).float().mean().item()
    assert 100 * hits == pytest.approx(training.test().acc1, abs=0.11)


def test_images_may_be_arrays_in_either_layout(training: Training, saved: Path) -> None:
    network, images = load(saved, device="cpu"), some_images(training)[:7]
    expected = network.predict(images)
    assert torch.equal(network.predict(images.permute(0, 3, 1, 2)), expected)
    assert torch.equal(network.predict(images.numpy()), expected)


def test_ten_crops_are_four_corners_the_centre_and_their_mirror_images_averaged(
    training: Training, saved: Path
) -> None:
    images = torch.randint(0, 256, (3, 32, 30, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    corners = [(0, 0), (0, 2), (4, 0), (4, 2), (2, 1)]
    crops = [images[:, top : top + 28, left : left + 28] for top, left in corners]
    expected = sum(probabilities(training, view) for crop in crops for view in (crop, crop.flip(2))) / 10
    assert isinstance(expected, Tensor)
    assert torch.allclose(load(saved, device="cpu").predict(images, ten_crop=True), expected, atol=1e-5)


@pytest.mark.parametrize("crop", [0, 2])
def test_images_of_the_networks_size_get_a_margin_for_their_ten_crops(
    crop: int, training: Training, saved: Path
) -> None:
    """Black where training had shown such; otherwise as the edge is, so that paper stays white."""
    network, images = load(saved, device="cpu"), 255 - some_images(training)[:5]
    network = replace(network, recipe=network.recipe.replace(crop=crop))
    with_margin = torch.full((5, 32, 32, 1), 0 if crop else 255, dtype=torch.uint8)
    with_margin[:, 2:-2, 2:-2] = images
    assert torch.equal(network.predict(images, ten_crop=True), network.predict(with_margin, ten_crop=True))


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(2, 32, 32, 1, dtype=torch.uint8),
        torch.zeros(2, 28, 28, 3, dtype=torch.uint8),
        torch.zeros(2, 28, 28, 1),
        torch.zeros(28, 28, dtype=torch.uint8),
        torch.zeros(0, 28, 28, 1, dtype=torch.uint8),
    ],
)
def test_images_it_cannot_take_are_refused(images: Tensor, saved: Path) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 images of 28x28 with 1 channels, as an array .*, but got torch"):
        load(saved, device="cpu").predict(images)


def test_ten_crops_of_smaller_images_are_refused(saved: Path) -> None:
    with pytest.raises(ValueError, match="28x28 or larger"):
        load(saved, device="cpu").predict(torch.zeros(2, 24, 28, 1, dtype=torch.uint8), ten_crop=True)


def damaged_at(content: bytes, share: float) -> bytes:
    at = int(len(content) * share)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES: dict[str, Any] = {
    "empty": lambda _: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "a flipped bit in a weight": lambda content: damaged_at(content, 0.9),
    "text": lambda _: b"hello, world, this is no network",
    "a pickle": lambda _: pickle.dumps({"model": 1}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_file_is_refused(damage: Any, saved: Path) -> None:
    saved.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(ValueError, match=r"lenet\.safetensors is no network saved by cnnzoo, or it is damaged"):
        load(saved)


def with_metadata(path: Path, **changes: str) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, {**metadata, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "something else"},
        {"recipe": "no json"},
        {"recipe": json.dumps({"model": "lenet17"})},
        {"recipe": json.dumps({"model": "alexnet"})},
        {"classes": json.dumps(["a", "b"])},
        {"shape": json.dumps([1, 4, 4])},
        {"shape": "3"},
        {"mean": "[0.1, 0.2]"},
        {"std": "[]"},
        *({"recipe": other} for other in ("[]", "3", '"x"', "null")),
    ],
)
def test_a_file_whose_description_does_not_fit_is_refused(changes: dict[str, str], saved: Path) -> None:
    with_metadata(saved, **changes)
    with pytest.raises(ValueError, match="is no network saved by cnnzoo"):
        load(saved)


def test_somebody_elses_safetensors_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="its format is None"):
        load(tmp_path / "other.safetensors")


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.safetensors")


def test_what_the_first_convolution_makes_of_an_image(training: Training, saved: Path) -> None:
    network, image = load(saved, device="cpu"), some_images(training)[0]
    filters, maps = network.filters(), network.feature_maps(image)
    assert filters is not None
    assert [own.shape for own in maps.values()] == [(6, 28, 28), (16, 10, 10)]
    first = training.model.get_submodule(next(iter(maps)))
    pixels = (image.permute(2, 0, 1).float() / 255 - training.dataset.mean[0]) / training.dataset.std[0]
    assert torch.equal(torch.tensor(filters), first.weight.detach())
    expected = first(pixels[None])[0].detach()  # a ReLU that works in its place has not touched it
    assert torch.allclose(torch.tensor(next(iter(maps.values()))), expected, atol=1e-5)
