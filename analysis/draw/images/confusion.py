"""The confusion matrix of each arm: which class is taken for which."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.draw.figures import finish, gallery
from analysis.judge.images.mistakes import confusion as counts_of
from analysis.judge.images.mistakes import shares
from analysis.judge.verdicts import Judged

_WRITTEN = 12  # classes up to which every cell has its number
_WIDE = 3  # panels beside one another
_DARK = 0.55  # of the scale of greys, from which on a number is written in white
_SQUEEZED = 0.5  # exponent of the scale: rare mistakes are seen beside frequent ones


def matrix(axes: Axes, names: Sequence[str], percent: NDArray[np.float64], most: float) -> Axes:
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
    return axes


def confusion(results: Judged, stage: str) -> Figure | None:
    """The confusion matrices of the arms, over all seeds, in percent of the true class."""
    seen = results.seen[stage]
    if seen.test is None:
        return None
    percent = {arm: shares(counts_of(seen, arm)) for arm in seen.predicted}
    off = ~np.eye(len(seen.test.classes), dtype=bool)
    most = max(float(np.nanmax(own[off])) for own in percent.values())
    figure, panels = gallery(len(percent), _WIDE, (3.3, 3.4), shared=True)
    for axes, (arm, own) in zip(panels, percent.items(), strict=True):
        matrix(axes, seen.test.classes, own, max(most, 1.0)).set_title(f"{arm} ({len(seen.predicted[arm])})")
    figure.supxlabel("said", fontsize=9)
    figure.supylabel("true class", fontsize=9)
    return finish(figure, results, stage, "test images: percent of each true class (networks in brackets)")
