"""How well a network does, as tables of the terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text
from torch import Tensor

WIDEST_MATRIX = 20  # classes; with more, the most frequent confusions are listed
MOST_FREQUENT = 20
GUESSES = 3


def plain_table(*left: str, right: Sequence[str] = (), gap: int = 2) -> Table:
    """A table without lines; numbers stand in its columns on the right."""
    numbers = [Column(name, justify="right") for name in right]
    return Table(*left, *numbers, box=None, padding=(0, gap, 0, 0), header_style="dim")


def accuracies(classes: Sequence[str], confusion: Tensor) -> Table:
    """The accuracy on each class and on all, from the counts of truth (row) and prediction (column)."""
    table = plain_table("class", right=("images", "right", "accuracy %"))
    for label, name in enumerate(classes):
        table.add_row(name, *_counted(int(confusion[label].sum()), int(confusion[label, label])))
    table.add_row("all", *_counted(int(confusion.sum()), int(confusion.trace())), style="bold")
    return table


def _counted(images: int, right: int) -> tuple[str, str, str]:
    return f"{images:,}", f"{right:,}", f"{100 * right / images:.2f}" if images else "-"


def confusions(classes: Sequence[str], confusion: Tensor) -> RenderableType:
    """The whole matrix, or of very many classes the most frequent confusions."""
    return _matrix(classes, confusion) if len(classes) <= WIDEST_MATRIX else _frequent(classes, confusion)


def _matrix(classes: Sequence[str], confusion: Tensor) -> RenderableType:
    table = plain_table("", right=classes, gap=1)
    for label, name in enumerate(classes):
        counts = confusion[label].tolist()
        table.add_row(name, *(Text(str(n), "bold") if at == label else str(n or "·") for at, n in enumerate(counts)))
    return Group("how often a class (row) was taken for which (column)", table)


def _frequent(classes: Sequence[str], confusion: Tensor) -> RenderableType:
    wrong = confusion.clone().fill_diagonal_(0).flatten()
    table = plain_table("class", "taken for", right=("times",))
    for at in wrong.argsort(descending=True, stable=True)[:MOST_FREQUENT].tolist():
        if wrong[at]:
            table.add_row(classes[at // len(classes)], classes[at % len(classes)], str(int(wrong[at])))
    return Group("the most frequent confusions", table)


def predictions(images: Sequence[object], classes: Sequence[str], probabilities: Tensor) -> Table:
    """For each image the likeliest classes, with their probabilities."""
    best = probabilities.topk(min(GUESSES, len(classes)))
    table = plain_table("image", "class", "%", "or")
    for image, values, labels in zip(images, best.values.tolist(), best.indices.tolist(), strict=True):
        told = [(classes[label], f"{100 * value:.1f}") for value, label in zip(values, labels, strict=True)]
        table.add_row(str(image), *told[0], ", ".join(f"{name} {share}" for name, share in told[1:]))
    return table
