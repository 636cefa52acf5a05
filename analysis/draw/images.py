"""Single classes and images: accuracy by class, what is taken for what, and what most networks get wrong."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from analysis.draw.figures import Style, finish, gallery, look
from analysis.judge.images import mistakes
from analysis.judge.verdicts import Judged

_ROOM = 0.7  # of a class's row, for the arms one under another
_MATRICES, _PICTURES = 3, 5  # beside one another
_WRITTEN = 12  # classes up to which every cell of a matrix has its number
_DARK = 0.55  # of the scale of greys, from which on a number is written in white
_SQUEEZED = 0.5  # exponent of the scale: rare mistakes are seen beside frequent ones


def classes(results: Judged, stage: str) -> Figure | None:
    """Test accuracy by class, the hardest class first: the mean of each arm over its seeds, and their range."""
    seen = results.seen[stage]
    if seen.test is None:
        return None
    by_arm = {arm: mistakes.by_class(seen, arm) for arm in seen.predicted}
    mean = pd.concat([own.mean() for own in by_arm.values()], axis=1).mean(axis=1)
    hardest = list(mean.sort_values(kind="stable").index[: mistakes.MOST_CLASSES])
    per_row = max(0.3, 0.09 * len(by_arm) + 0.1)
    figure = Figure(figsize=(6.4, 1.2 + per_row * len(hardest)))
    axes = figure.subplots()
    for place, (arm, own) in enumerate(by_arm.items()):
        shift = _ROOM * ((place + 0.5) / len(by_arm) - 0.5)
        ranges(axes, np.arange(len(hardest)) + shift, own[hardest].to_numpy(), arm, look(results)[arm])
    images = np.bincount(seen.test.labels)
    names = [f"{seen.test.classes[one]} ({images[one]})" for one in hardest]
    axes.set(yticks=range(len(hardest)), yticklabels=names, ylim=(len(hardest) - 0.5, -0.5))
    axes.set(xlabel="test acc@1 % of the class", ylabel="class (test images)")
    for edge in range(len(hardest) - 1):
        axes.axhline(edge + 0.5, color="0.85", linewidth=0.6)
    axes.grid(visible=False, axis="y")
    which = f", the {mistakes.MOST_CLASSES} hardest classes" if len(mean) > mistakes.MOST_CLASSES else ""
    return finish(figure, results, stage, f"test images{which}: mean over seeds, lowest to highest seed")


def ranges(axes: Axes, rows: ArrayLike, values: NDArray[np.float64], label: str, style: Style) -> None:
    """Draw one arm: in each row the mean over its seeds and a line from the lowest to the highest; (seeds, rows)."""
    axes.hlines(rows, values.min(axis=0), values.max(axis=0), color=style.color, linewidth=1.2)
    mean = values.mean(axis=0)
    axes.plot(mean, rows, color=style.color, marker=style.marker, linestyle="none", markersize=5, label=label)


def confusion(results: Judged, stage: str) -> Figure | None:
    """The confusion matrices of the arms, over all seeds, in percent of the true class."""
    seen = results.seen[stage]
    if seen.test is None:
        return None
    percent = {arm: mistakes.confusion(seen, arm) for arm in seen.predicted}
    off = ~np.eye(len(seen.test.classes), dtype=bool)
    most = max(1.0, *(float(np.nanmax(own[off])) for own in percent.values()))
    figure, panels = gallery(len(percent), _MATRICES, (3.3, 3.4), shared=True)
    for axes, (arm, own) in zip(panels, percent.items(), strict=True):
        matrix(axes, seen.test.classes, own, most)
        axes.set_title(f"{arm} ({len(seen.predicted[arm])})")
    figure.supxlabel("said", fontsize=9)
    figure.supylabel("true class", fontsize=9)
    return finish(figure, results, stage, "test images: percent of each true class (networks in brackets)")


def matrix(axes: Axes, names: Sequence[str], percent: NDArray[np.float64], most: float) -> None:
    """Draw one matrix in greys, the true class by row. Mistakes are shaded up to ``most`` percent; what is right is not."""
    wrong = np.ma.masked_array(percent, np.eye(len(names), dtype=bool) | np.isnan(percent))
    scale = PowerNorm(_SQUEEZED, 0, most)
    axes.imshow(wrong, cmap="Greys", norm=scale)
    axes.grid(visible=False)
    written = len(names) <= _WRITTEN
    every = range(0, len(names), 1 if written else math.ceil(len(names) / _WRITTEN))
    long = max(map(len, names)) > 2
    axes.set_xticks(every, [names[i] for i in every], rotation=90 if long else 0)
    axes.set_yticks(every, [names[i] for i in every])
    for (i, j), value in np.ndenumerate(percent) if written else ():
        if value > 0:
            color = "white" if i != j and scale(value) > _DARK else "black"
            weight = "bold" if i == j else "normal"
            text = f"{value:.0f}" if value >= 0.95 else f"{value:.1f}".removeprefix("0")
            axes.text(j, i, text, ha="center", va="center", color=color, fontsize=7, fontweight=weight)


def hardest(results: Judged, stage: str) -> Figure | None:
    """The images that most networks of all arms get wrong; None where their pictures are not at hand."""
    seen = results.seen[stage]
    hard = mistakes.hardest(seen)
    pixels = seen.test.pictures(np.array([one.image for one in hard])) if seen.test and hard else None
    if pixels is None:
        return None
    figure, panels = gallery(len(hard), _PICTURES, (1.2, 1.6))
    for axes, image, one in zip(panels, pixels, hard, strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"no. {one.image}: {one.true}\nsaid {one.said}\nwrong {one.wrong} of {one.of}", fontsize=7)
        axes.set_axis_off()
    return finish(figure, results, stage, "the test images that most networks of all arms get wrong")
