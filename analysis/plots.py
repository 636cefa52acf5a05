"""Plots of numbers: every function draws on axes it is given and returns them. None knows of studies or stores.

Colours are Okabe and Ito's, which the colour-blind can tell apart; each goes with a line and a marker of its own, so
that a black-and-white print can be read too. An arm has the same ones in every plot of a study.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#8C564B")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)), (0, (3, 1)))


class Style(NamedTuple):
    color: str
    marker: str
    line: Any


def styles(names: Sequence[str]) -> dict[str, Style]:
    """By name, in order; from the ninth on the colours come again, with other lines and markers."""
    size = len(COLORS)
    return {
        name: Style(COLORS[i % size], MARKERS[(i + i // size) % size], LINES[(i + i // size) % size])
        for i, name in enumerate(names)
    }


def curve(axes: Axes, epochs: ArrayLike, values: ArrayLike, label: str, style: Style) -> Axes:
    """The mean over seeds by epoch, in a band from the lowest to the highest; ``values`` has shape (epochs, seeds)."""
    x, y = np.asarray(epochs), np.asarray(values, dtype=float)
    mean = np.nanmean(y, axis=1)
    axes.fill_between(x, np.nanmin(y, axis=1), np.nanmax(y, axis=1), color=style.color, alpha=0.15, linewidth=0)
    axes.plot(
        x, mean, color=style.color, linestyle=style.line, marker=style.marker,
        markevery=max(1, len(x) // 8), markersize=4, linewidth=1.5, label=label,
    )  # fmt: skip
    return axes


def heat(
    axes: Axes, rows: Sequence[str], columns: Sequence[str], values: ArrayLike, chosen: tuple[int, int] | None
) -> Axes:
    """A table of two factors in colour, the figures written in; ``values`` has shape (rows, columns), NaN where there is none."""
    z = np.asarray(values, dtype=float)
    image = axes.imshow(z, cmap="cividis", aspect="auto")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    middle = (np.nanmin(z) + np.nanmax(z)) / 2 if np.isfinite(z).any() else 0.0
    for (i, j), value in np.ndenumerate(z):
        text = "–" if np.isnan(value) else f"{value:.2f}" + (" *" if (i, j) == chosen else "")
        axes.text(j, i, text, ha="center", va="center", color="black" if value > middle else "white")
    if chosen is not None:
        box = {"fill": False, "edgecolor": "#D55E00", "linewidth": 3}
        axes.add_patch(_rectangle(chosen[1] - 0.48, chosen[0] - 0.48, 0.96, box))
    assert axes.figure is not None
    axes.figure.colorbar(image, ax=axes)
    return axes


def lines_by_level(
    axes: Axes, levels: Sequence[str], series: Mapping[str, tuple[ArrayLike, ArrayLike]], look: Mapping[str, Style]
) -> Axes:
    """An interaction plot: a line a series over the levels of the other factor, (mean, half interval) each. Not parallel: they interact."""
    for i, (name, (mean, half)) in enumerate(series.items()):
        x = np.arange(len(levels)) + 0.04 * (i - (len(series) - 1) / 2)
        style = look[name]
        axes.errorbar(
            x, mean, yerr=half, color=style.color, linestyle=style.line, marker=style.marker, capsize=3, label=name
        )
    axes.set_xticks(range(len(levels)), levels)
    return axes


def tradeoff(axes: Axes, points: Mapping[str, tuple[float, float, float]], look: Mapping[str, Style]) -> Axes:
    """What accuracy costs: (cost, accuracy, half interval) by name, and the front of those that nothing beats in both."""
    for name, (cost, accuracy, half) in points.items():
        style = look[name]
        error = None if np.isnan(half) else half
        axes.errorbar(
            cost, accuracy, yerr=error, color=style.color, marker=style.marker, linestyle="none", capsize=3, label=name
        )
    front = pareto([(cost, accuracy) for cost, accuracy, _ in points.values()])
    axes.step(*zip(*front, strict=True), where="post", color="0.5", linewidth=1, zorder=0, label="Pareto front")
    return axes


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that no other equals or beats in both: less cost, more accuracy; by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


def isolation(axes: Axes, values: ArrayLike, scores: ArrayLike, whole: ArrayLike, label: str, style: Style) -> Axes:
    """A tuned parameter against the score of each of an arm's search trials; hollow: not trained to the end."""
    x, y, full = np.asarray(values, dtype=float), np.asarray(scores, dtype=float), np.asarray(whole, dtype=bool)
    axes.scatter(x[full], y[full], color=style.color, marker=style.marker, s=28, label=label)
    axes.scatter(x[~full], y[~full], facecolors="none", edgecolors=style.color, marker=style.marker, s=28)
    if full.any():
        best = int(np.argmax(np.where(full, y, -np.inf)))
        axes.axvline(x[best], color=style.color, linestyle=style.line, linewidth=1, alpha=0.7)
    return axes


def band(axes: Axes, low: ArrayLike, high: ArrayLike, label: str, style: Style, hatch: str) -> Axes:
    """The space between two curves over steps, shape (steps,) each."""
    lower, upper = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    steps = np.arange(1, len(lower) + 1)
    axes.fill_between(
        steps,
        lower,
        upper,
        color=style.color,
        alpha=0.35,
        hatch=hatch,
        edgecolor=style.color,
        linewidth=0.3,
        label=label,
    )
    return axes


def extremes(curves: Sequence[ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest of several curves at each step, as far as any goes; NaN only where none has a number."""
    longest = max(len(np.asarray(curve)) for curve in curves)
    table = np.full((len(curves), longest), np.nan)
    for row, values in zip(table, curves, strict=True):
        row[: len(np.asarray(values))] = values
    known = table[:, np.isfinite(table).any(axis=0)]
    return np.nanmin(known, axis=0), np.nanmax(known, axis=0)


def _rectangle(x: float, y: float, side: float, look: dict[str, Any]) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), side, side, **look)
