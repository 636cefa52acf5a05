"""Test accuracy by two factors: a coloured table, and lines that show whether the factors interact."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from analysis.draw.figures import Style, finish, look, within
from analysis.judge.verdicts import Judged
from analysis.read.grid import grid
from studies.engine import schema

_MOST_LETTERS = 30  # of the labels below an axis; longer labels are turned, or they would overlap
Lines = Mapping[str, tuple[ArrayLike, ArrayLike]]  # by name: the mean and half its interval, at every level


def heat(
    axes: Axes, rows: Sequence[str], columns: Sequence[str], z: NDArray[np.float64], chosen: tuple[int, int] | None
) -> AxesImage:
    """Draw a coloured table with the numbers written in; ``z`` has shape (rows, columns), NaN where there is no arm."""
    image = axes.imshow(z, cmap="cividis", aspect="auto")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.grid(visible=False)
    middle = (np.nanmin(z) + np.nanmax(z)) / 2
    for (i, j), value in np.ndenumerate(z):
        text = "–" if np.isnan(value) else f"{value:.2f}" + (" *" if (i, j) == chosen else "")
        axes.text(j, i, text, ha="center", va="center", color="white" if value <= middle else "black")
    if chosen is not None:
        corner = (chosen[1] - 0.48, chosen[0] - 0.48)
        axes.add_patch(Rectangle(corner, 0.96, 0.96, fill=False, edgecolor="#D55E00", linewidth=3))
    return image


def _lines(axes: Axes, levels: Sequence[str], series: Lines, styles: Mapping[str, Style]) -> None:
    """Draw an interaction plot: one line per series over the levels of the other factor. Lines that are not parallel interact."""
    for i, (name, (mean, half)) in enumerate(series.items()):
        x = np.arange(len(levels)) + 0.04 * (i - (len(series) - 1) / 2)
        color, marker, line, _ = styles[name]
        axes.errorbar(x, mean, within(mean, half), color=color, linestyle=line, marker=marker, capsize=3, label=name)
    turned: Any = {"rotation": 30, "ha": "right"} if sum(map(len, levels)) > _MOST_LETTERS else {}
    axes.set_xticks(range(len(levels)), [level.replace(", ", ",\n") for level in levels], **turned)


def heatmap(results: Judged, stage: str) -> Figure | None:
    """Test accuracy by two factors, in colour and as lines."""
    cells = grid(results.spec)
    if cells is None or stage != "reported":
        return None
    places = {arm: (i, j) for i, row in enumerate(cells.arms) for j, arm in enumerate(row) if arm is not None}
    mean, half = np.full((2, len(cells.rows), len(cells.columns)), math.nan)
    for arm, place in places.items():
        test = results.samples[stage][arm].mean(schema.JUDGED_BY)
        mean[place], half[place] = test.mean, test.half
    if np.isnan(mean).all():
        return None
    chosen = places.get(results.chosen_arm(stage) or "")
    figure = Figure(figsize=(8.4, 1.8 + 0.5 * max(4, len(cells.rows))))
    left, right = figure.subplots(1, 2)
    figure.colorbar(heat(left, cells.rows, cells.columns, mean, chosen), ax=left)
    title = "test acc@1 %" + (", * chosen on validation" if chosen else "")
    left.set(title=title, xlabel=cells.factors[1], ylabel=cells.factors[0])
    series = {name: (mean[:, j], half[:, j]) for j, name in enumerate(cells.columns)}
    _lines(right, cells.rows, series, look(results, cells.columns))
    right.set(title="parallel lines: no interaction", xlabel=cells.factors[0])
    return finish(figure, results, stage, "one seed" if np.isnan(half).all() else "means with 95 % intervals")
