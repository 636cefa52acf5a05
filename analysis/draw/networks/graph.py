"""The layers of each network as boxes from the image down to the classes, with arrows where one does not simply follow another."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.draw.figures import finish
from analysis.draw.networks.pictures import first_of_each_arm
from analysis.judge.verdicts import Judged
from analysis.read.kept.networks import layers

if TYPE_CHECKING:
    from analysis.read.kept.networks import Layer

_FILLS = {
    "conv": "#cfe3f3", "linear": "#fbe0cc", "pool": "#d9efe4", "global pool": "#d9efe4", "add": "#f6f1c8", "concat": "#f6f1c8",
}  # fmt: skip
_FOLLOW = ("norm", "act", "dropout")  # kinds that stand in the box of the layer before them
_ROW_INCHES, _LETTER_INCHES = 0.3, 0.062
_LEFT, _RIGHT, _HALF, _LANE = 0.02, 0.84, 0.32, 0.025  # of a box, in parts of the width and in rows; between two lines


class Box(NamedTuple):
    text: str
    fill: str
    inputs: tuple[int, ...]  # the places of the boxes that it follows; -1 is the image


def boxes(traced: "Sequence[Layer]") -> list[Box]:
    """The layers, those that only follow another in its box."""
    readers = Counter(place for layer in traced for place in layer.inputs)
    found: list[tuple[list[Layer], tuple[int, ...]]] = []
    of_layer = {-1: -1}  # the box that each layer stands in
    for place, layer in enumerate(traced):
        alone = layer.inputs == (place - 1,) and readers[place - 1] == 1 and found
        if alone and layer.kind in _FOLLOW:
            found[-1][0].append(layer)
        else:
            found.append(([layer], tuple(of_layer[one] for one in layer.inputs)))
        of_layer[place] = len(found) - 1
    return [Box(_text(own), _FILLS.get(own[0].kind, "white"), inputs) for own, inputs in found]


def _text(own: "Sequence[Layer]") -> str:
    parameters = sum(layer.parameters for layer in own)
    weights = f"; {parameters:,} parameters" if parameters else ""
    return f"{', '.join(layer.text for layer in own)}  ({'x'.join(map(str, own[-1].output))}{weights})"


def _column(axes: Axes, shape: Sequence[int], every: Sequence[Box]) -> None:
    """Draw the boxes from the image at the top downwards; lines at the right lead past boxes."""
    rows = [Box(f"image  ({'x'.join(map(str, shape))})", "white", ()), *every]
    for row, box in enumerate(rows):
        corner, size, middle = (_LEFT, row - _HALF), (_RIGHT - _LEFT, 2 * _HALF), (_LEFT + _RIGHT) / 2
        axes.add_patch(Rectangle(corner, *size, facecolor=box.fill, edgecolor="0.4", linewidth=0.6))
        axes.text(middle, row, box.text, ha="center", va="center", fontsize=6.5)
        if row - 2 in box.inputs:
            _arrow(axes, (middle, row - 1 + _HALF), (middle, row - _HALF))
    free: list[int] = []  # by lane, the row from which on it is free
    for end, start in ((end, one + 1) for end, box in enumerate(rows) for one in box.inputs if one + 1 < end - 1):
        lane = next((lane for lane, row in enumerate(free) if row <= start), len(free))
        free[lane:] = [end, *free[lane + 1 :]]
        x = _RIGHT + _LANE * (lane + 1)
        leaves, arrives = start + _HALF / 2, end - _HALF / 2
        axes.plot([_RIGHT, x, x], [leaves, leaves, arrives], color="0.3", linewidth=0.8)
        _arrow(axes, (x, arrives), (_RIGHT, arrives))
    axes.set(xlim=(0, 1))
    axes.set_axis_off()


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "->", "color": "0.3", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=look)


def network(results: Judged, stage: str) -> Figure | None:
    """The networks of the arms layer by layer; arms whose layers are the same share a column."""
    arms: dict[tuple[tuple[int, ...], tuple[Box, ...]], list[str]] = {}
    for kept in first_of_each_arm(results, stage):
        arms.setdefault((kept.network.shape, tuple(boxes(layers(kept.network)))), []).append(kept.arm)
    if not arms:
        return None
    most = max(len(every) for _, every in arms)
    width = _LETTER_INCHES * max(len(box.text) for _, every in arms for box in every)
    figure = Figure(figsize=(width * len(arms), 1.0 + _ROW_INCHES * (most + 1)))
    panels = figure.subplots(1, len(arms), squeeze=False)[0]
    for axes, ((shape, every), names) in zip(panels, arms.items(), strict=True):
        _column(axes, shape, every)
        axes.set(ylim=(most + 0.5, -0.5))
        axes.set_title(", ".join(names), fontsize=9)
    return finish(figure, results, stage, "layers, with the size of what each gives")
