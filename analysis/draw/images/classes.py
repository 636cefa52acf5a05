"""Accuracy by class: the mean of each arm over its seeds, and their range."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis.draw.figures import Style, finish, look
from analysis.judge.images.mistakes import MOST_CLASSES, by_class
from analysis.judge.verdicts import Judged

_ROOM = 0.7  # of a row, for the arms one under another


def ranges(axes: Axes, rows: ArrayLike, values: ArrayLike, label: str, style: Style) -> Axes:
    """Draw one arm: in each row the mean over its seeds and a line from the lowest to the highest; (seeds, rows)."""
    y, x = np.asarray(rows, dtype=float), np.asarray(values, dtype=float)
    axes.hlines(y, x.min(axis=0), x.max(axis=0), color=style.color, linewidth=1.2)
    axes.plot(x.mean(axis=0), y, color=style.color, marker=style.marker, linestyle="none", markersize=5, label=label)
    return axes


def classes(results: Judged, stage: str) -> Figure | None:
    """Test accuracy by class, the hardest class first."""
    seen = results.seen[stage]
    if seen.test is None:
        return None
    by_arm = {arm: by_class(seen, arm) for arm in seen.predicted}
    mean = pd.concat([own.mean() for own in by_arm.values()], axis=1).mean(axis=1)
    hardest = list(mean.sort_values(kind="stable").index[:MOST_CLASSES])
    per_row = max(0.3, 0.09 * len(by_arm) + 0.1)
    figure = Figure(figsize=(6.4, 1.2 + per_row * len(hardest)))
    axes = figure.subplots()
    for place, (arm, own) in enumerate(by_arm.items()):
        shift = _ROOM * ((place + 0.5) / len(by_arm) - 0.5)
        ranges(axes, np.arange(len(hardest)) + shift, own[hardest].to_numpy(), arm, look(results)[arm])
    images = np.bincount(seen.test.labels, minlength=len(seen.test.classes))
    names = [f"{seen.test.classes[one]} ({images[one]})" for one in hardest]
    axes.set(yticks=range(len(hardest)), yticklabels=names, ylim=(len(hardest) - 0.5, -0.5))
    axes.set(xlabel="test acc@1 % of the class", ylabel="class (test images)")
    for edge in range(len(hardest) - 1):
        axes.axhline(edge + 0.5, color="0.85", linewidth=0.6)
    axes.grid(visible=False, axis="y")
    which = f", the {MOST_CLASSES} hardest classes" if len(mean) > MOST_CLASSES else ""
    return finish(figure, results, stage, f"test images{which}: mean over seeds, lowest to highest seed")
