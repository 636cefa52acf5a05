"""Validation accuracy by each tuned parameter: one point per search trial, and a vertical line at the best one."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis.draw.figures import Style, finish, look
from analysis.judge.verdicts import Judged
from studies.engine import schema


def points(axes: Axes, values: ArrayLike, scores: ArrayLike, whole: ArrayLike, label: str, style: Style) -> Axes:
    """Draw the score of each search trial of an arm by one parameter; hollow points were not trained to the end."""
    x, y, full = np.asarray(values, dtype=float), np.asarray(scores, dtype=float), np.asarray(whole, dtype=bool)
    axes.scatter(x[full], y[full], color=style.color, marker=style.marker, s=28, label=label)
    axes.scatter(x[~full], y[~full], facecolors="none", edgecolors=style.color, marker=style.marker, s=28)
    if full.any():
        best = int(np.argmax(np.where(full, y, -np.inf)))
        axes.axvline(x[best], color=style.color, linestyle=style.line, linewidth=1, alpha=0.7)
    return axes


def isolation(results: Judged, _stage: str) -> Figure | None:
    """Validation accuracy by each tuned parameter that is a number, one point per search trial."""
    searches = {arm: results.search(arm).dropna(subset=[schema.CHOSEN_BY]) for arm in results.spec.tuned_arms}
    tuned = {arm: trials for arm, trials in searches.items() if len(trials)}
    names = dict.fromkeys(name for arm in tuned for name in results.spec.tune[arm])
    numeric = [name for name in names if all(pd.api.types.is_numeric_dtype(t[name]) for t in tuned.values())]
    if not numeric:
        return None
    figure = Figure(figsize=(max(7.2, 4.2 * len(numeric)), 3.8))
    for axes, name in zip(figure.subplots(1, len(numeric), squeeze=False, sharey=True)[0], numeric, strict=True):
        spaces = {arm: results.spec.tune[arm][name] for arm in tuned if name in results.spec.tune[arm]}
        for arm in spaces:
            whole = tuned[arm][schema.OUTCOME] == "completed"
            points(axes, tuned[arm][name], tuned[arm][schema.CHOSEN_BY], whole, arm, look(results)[arm])
        scale = "log" if any(space.get("log") for space in spaces.values()) else "linear"
        axes.set(xlabel=name, ylabel="validation acc@1 %", xscale=scale)
        axes.label_outer()
    return finish(figure, results, "search", "hollow: stopped early")
