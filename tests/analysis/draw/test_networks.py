"""Pictures of networks that a study has kept: their filters, what they make of an image, and their layers."""

from pathlib import Path

import numpy as np
import pytest
from fake_predictions import LABELS, keep_test_set, small_study
from fake_study import Trial, signature_of, write_book
from matplotlib.figure import Figure

import analysis
from analysis import plot
from analysis.draw.networks.graph import boxes
from analysis.draw.networks.pictures import mosaic, shaded, stretched
from cnnzoo import Recipe, save, train
from cnnzoo.mistake import Mistake
from cnnzoo.structure import Layer


def keep_networks(trials: list[Trial]) -> None:
    for trial in trials:
        recipe = Recipe(model="res9", width=0.0625, activation=trial.arm, train_size=20, batch_size=10, epochs=1)
        save(train(recipe, device="cpu"), Path("results/trials") / signature_of(trial) / "model.safetensors")


@pytest.fixture
def study() -> analysis.Study:
    plan, trials = small_study()
    write_book(plan, trials)
    np.save("images.npy", np.random.default_rng(0).integers(0, 256, (len(LABELS), 28, 28, 1), dtype=np.uint8))
    keep_test_set(plan, LABELS, "images.npy")
    keep_networks(trials)
    return analysis.load("activations")


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_the_filters_of_the_first_seed_of_each_arm(study: analysis.Study) -> None:
    relu, mish = titles(study.plot.filters())
    assert relu.startswith("relu (seed 1)\n4 filters, ±")
    assert mish.startswith("mish (seed 1)\n4 filters, ±")


def test_grey_is_zero_and_the_largest_weight_black_or_white() -> None:
    shown, most = shaded(np.array([0.0, -2.0, 1.0], np.float32).reshape(3, 1, 1, 1))
    assert most == 2
    assert shown.ravel().tolist() == [0.5, 0.0, 0.75]


def test_tiles_stand_in_rows_with_white_between_them() -> None:
    picture = mosaic(np.zeros((3, 24, 30)), wide=2)
    assert picture.shape == (24 + 3 + 24, 30 + 3 + 30, 3)
    assert picture.sum() == 3 * (picture.shape[0] * picture.shape[1] - 3 * 24 * 30)


def test_maps_of_a_layer_at_the_beginning_in_the_middle_and_at_the_end(study: analysis.Study) -> None:
    first = titles(study.plot.maps())[:4]
    assert first[0] == "relu (seed 1)"
    assert first[1] == "convolution 1\n4 maps of 28x28"
    assert len(first) == 4
    Path("images.npy").unlink()
    with pytest.raises(Mistake, match="has no maps to draw"):
        study.plot.maps()


def test_each_map_reaches_from_black_to_white() -> None:
    maps = np.array([[[1.0, 3.0]], [[5.0, 5.0]]], np.float32)
    assert stretched(maps).tolist() == [[[0, 1]], [[0.5, 0.5]]]


def layer(kind: str, *inputs: int) -> Layer:
    return Layer("", kind, kind, (8, 4, 4), 10, 1, inputs)


def test_what_only_follows_a_layer_stands_in_its_box() -> None:
    traced = [
        layer("conv", -1),
        layer("norm", 0),
        layer("act", 1),
        layer("conv", 2),
        layer("add", 3, 2),
        layer("act", 4),
    ]
    (first, second, add) = boxes(traced)
    assert first.text == "conv, norm, act  (8x4x4; 30 parameters)"
    assert [box.inputs for box in (first, second, add)] == [(-1,), (0,), (1, 0)]


def test_an_activation_that_others_pass_by_stands_alone() -> None:
    traced = [layer("conv", -1), layer("act", 0), layer("add", 1, 0)]
    assert [box.inputs for box in boxes(traced)] == [(-1,), (0,), (1, 0)]


def test_arms_with_other_layers_have_columns_of_their_own(study: analysis.Study) -> None:
    figure = study.plot.network()
    assert titles(figure) == ["relu", "mish"]
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert texts[0] == "image  (1x28x28)"
    assert any(text.startswith("conv 3x3, 1 -> 4, batch norm, mish  (4x28x28; ") for text in texts)


@pytest.mark.parametrize("figure", ["filters", "maps", "network"])
def test_without_networks_there_is_nothing_to_draw(figure: str) -> None:
    write_book(*small_study())
    with pytest.raises(Mistake, match=f"has no {figure} to draw as reported"):
        plot.main([figure, "--study", "activations"])


def test_a_module_that_is_not_there_cannot_be_trusted() -> None:
    write_book(*small_study())
    with pytest.raises(Mistake, match="--trust no_net: No module named 'no_net'"):
        plot.main(["filters", "--study", "activations", "--trust", "no_net"])
