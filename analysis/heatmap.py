"""Two factors against one another: as a table in colour, and as lines that show whether they interact.

python analysis/heatmap.py --study vgg_bn_vs_nobn --out heatmap.pdf
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from analysis.commands import command
from analysis.factors import grid
from analysis.figures import figure_main, finish, styles
from analysis.results import NAMES, Results
from studies.engine import schema

_LETTERS = 30  # under an axis, that do not run into one another


def heat(
    axes: Axes, rows: Sequence[str], columns: Sequence[str], values: ArrayLike, chosen: tuple[int, int] | None
) -> Axes:
    """A table of two factors in colour, the figures written in; ``values`` has shape (rows, columns), NaN where there is none."""
    z = np.asarray(values, dtype=float)
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
    assert axes.figure is not None
    axes.figure.colorbar(image, ax=axes)
    return axes


def lines(axes: Axes, levels: Sequence[str], series: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Axes:
    """An interaction plot: a line a series over the levels of the other factor, (mean, half interval) each. Not parallel: they interact."""
    for i, (name, style) in enumerate(styles(list(series)).items()):
        x = np.arange(len(levels)) + 0.04 * (i - (len(series) - 1) / 2)
        mean, half = series[name]
        axes.errorbar(
            x, mean, yerr=half, color=style.color, linestyle=style.line, marker=style.marker, capsize=3, label=name
        )
    axes.set_xticks(range(len(levels)), [level.replace(", ", ",\n") for level in levels])
    if sum(map(len, levels)) > _LETTERS:
        for text in axes.get_xticklabels():
            text.set(rotation=30, ha="right")
    return axes


def heatmap(of: Results, way: str) -> Figure | None:
    """Test accuracy by two factors, in colour and as lines."""
    cells = grid(of.spec)
    if cells is None or way != "reported":
        return None
    best, chosen = of.chosen_arm(way), None
    mean, half = np.full((2, len(cells.rows), len(cells.columns)), math.nan)
    for i, row in enumerate(cells.arms):
        for j, arm in enumerate(row):
            if arm is not None:
                test = of.samples[way][arm].mean(schema.JUDGED_BY)
                mean[i, j], half[i, j] = test.mean, test.half
                chosen = (i, j) if arm == best else chosen
    if np.isnan(mean).all():
        return None
    figure = Figure(figsize=(8.4, 1.8 + 0.5 * max(4, len(cells.rows))))
    left, right = figure.subplots(1, 2)
    heat(left, cells.rows, cells.columns, mean, chosen)
    title = "test acc@1 %" + (", * chosen on validation" if chosen else "")
    left.set(title=title, xlabel=cells.factors[1], ylabel=cells.factors[0])
    lines(right, cells.rows, {name: (mean[:, j], np.nan_to_num(half[:, j])) for j, name in enumerate(cells.columns)})
    right.set(title="parallel lines: no interaction", xlabel=cells.factors[0])
    return finish(figure, of, f"{NAMES[way]}, with 95 % intervals", right)


main = partial(figure_main, heatmap)

if __name__ == "__main__":
    command(main)
