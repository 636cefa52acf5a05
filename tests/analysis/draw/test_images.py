"""The figures of classes and images: what they show, and that they say which data it is of."""

from pathlib import Path

import numpy as np
import pytest
from fake_predictions import CLASSES, small_study, write_all
from fake_study import write_book
from matplotlib.figure import Figure

import analysis
from analysis import plot
from analysis.draw import images
from analysis.draw.figures import styles


def panels(figure: Figure) -> dict[str, list[str]]:
    """The texts in each panel, by its title."""
    return {axes.get_title(): [text.get_text() for text in axes.texts] for axes in figure.axes}


def test_a_confusion_matrix_an_arm() -> None:
    write_all(*small_study())
    figure = analysis.load("activations").plot.confusion()
    assert figure.get_suptitle().startswith("activations, scale demo, beasts, as reported\ntest images: ")
    # relu: of cats 6 of 8 right, of dogs all, of oxen 3 of 4
    assert panels(figure)["relu (2)"] == ["75", "25", "100", "25", "75"]
    assert list(panels(figure)) == ["relu (2)", "mish (2)"]


def test_mistakes_are_grey_and_what_is_right_is_not() -> None:
    axes = Figure().subplots()
    percent = np.array([[90.0, 10.0, 0.0], [0.04, 99.5, 0.46], [np.nan] * 3])  # of the third class there is no image
    images.matrix(axes, CLASSES, percent, most=10.0)
    shaded = axes.images[0].get_array()
    assert shaded.mask.tolist() == [[True, False, False], [False, True, False], [True] * 3]
    assert [text.get_text() for text in axes.texts] == ["90", "10", ".0", "100", ".5"]
    assert [text.get_color() for text in axes.texts][:2] == ["black", "white"]


def test_accuracy_by_class_with_its_range() -> None:
    axes = Figure().subplots()
    images.ranges(axes, [0, 1], np.array([[80.0, 50.0], [90.0, 50.0]]), "x", styles(["x"])["x"])
    assert list(axes.lines[0].get_xdata()) == [85, 50]
    (ends,) = axes.collections
    assert [segment[:, 0].tolist() for segment in ends.get_segments()] == [[80, 90], [50, 50]]


def test_the_hardest_class_comes_first() -> None:
    write_all(*small_study())
    (axes,) = analysis.load("activations").plot.classes().axes
    # oxen: relu 75, mish 50; cats: 75 and 100; dogs: 100 and 87.5
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ox (2)", "cat (4)", "dog (4)"]


def test_the_hardest_images_as_pictures() -> None:
    np.save("images.npy", np.zeros((10, 4, 4, 3), np.uint8))
    write_all(*small_study(), array="images.npy")
    titles = list(panels(analysis.load("activations").plot.hardest()))
    assert titles[0] == "no. 9: ox\nsaid cat\nwrong 3 of 4"
    Path("images.npy").unlink()
    with pytest.raises(ValueError, match="has no hardest to draw"):
        analysis.load("activations").plot.hardest()


@pytest.mark.parametrize("figure", ["confusion", "classes"])
def test_as_a_file(figure: str) -> None:
    write_all(*small_study())
    assert plot.main([figure, "--study", "activations"]) == 0
    assert Path(f"activations-{figure}.png").stat().st_size > 1000


@pytest.mark.parametrize("figure", ["confusion", "classes", "hardest"])
def test_without_predictions_there_is_nothing_to_draw(figure: str) -> None:
    write_book(*small_study())
    with pytest.raises(ValueError, match=f"has no {figure} to draw as reported"):
        plot.main([figure, "--study", "activations"])
