"""Points: validation accuracy by each tuned parameter, and test accuracy by what a network costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.draw.figures import Style, finish, look, within
from analysis.judge.verdicts import Judged
from studies.engine import schema

Point = tuple[float, float, float]  # cost, accuracy, half its interval
_FAR = 1e6  # beyond the edge of every panel


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
            _searched(axes, tuned[arm], name, arm, look(results)[arm])
        scale = "log" if any(space.get("log") for space in spaces.values()) else "linear"
        axes.set(xlabel=name, ylabel="validation acc@1 %", xscale=scale)
        axes.label_outer()
    return finish(figure, results, "search", "hollow: stopped early")


def _searched(axes: Axes, trials: pd.DataFrame, name: str, arm: str, style: Style) -> None:
    """Draw the search trials of an arm by one parameter: hollow if not trained to the end, and a line at the best that was."""
    whole = trials[schema.OUTCOME] == "completed"
    (x, y), (early, lower) = (trials.loc[rows, [name, schema.CHOSEN_BY]].to_numpy(float).T for rows in (whole, ~whole))
    axes.scatter(x, y, color=style.color, marker=style.marker, s=28, label=arm)
    axes.scatter(early, lower, facecolors="none", edgecolors=style.color, marker=style.marker, s=28)
    if len(x):
        axes.axvline(x[np.argmax(y)], color=style.color, linestyle=style.line, linewidth=1, alpha=0.7)


def tradeoff(results: Judged, stage: str) -> Figure | None:
    """Test accuracy by size and by time, with the Pareto fronts."""
    panels: dict[str, dict[str, Point]] = {"size in MB": {}, "seconds an epoch": {}}
    for arm, sample in results.samples[stage].items():
        test, costs = sample.mean(schema.JUDGED_BY), (sample.mean(schema.SIZE_MB), results.seconds(sample))
        for found, cost in zip(panels.values(), costs, strict=True):
            if test.n and cost.n:
                found[arm] = (cost.mean, test.mean, test.half)
    if not all(panels.values()):
        return None
    figure = Figure(figsize=(8.4, 3.6))
    for axes, (title, found) in zip(figure.subplots(1, 2, sharey=True), panels.items(), strict=True):
        by_cost(axes, found, look(results))
        axes.set(xlabel=title, ylabel="test acc@1 %")
        axes.label_outer()
    return finish(figure, results, stage, "accuracy and what it costs (grey: the Pareto front)")


def by_cost(axes: Axes, found: Mapping[str, Point], styles: Mapping[str, Style]) -> None:
    """Draw accuracy by cost, and the front of the arms that no other arm beats in both."""
    for name, (cost, accuracy, half) in found.items():
        color, marker, *_ = styles[name]
        reach = within(accuracy, half)
        axes.errorbar(cost, accuracy, reach, color=color, marker=marker, linestyle="none", capsize=3, label=name)
    costs, best = zip(*pareto([(cost, accuracy) for cost, accuracy, _ in found.values()]), strict=True)
    ends = (costs[0], *costs, _FAR), (-_FAR, *best, best[-1])
    front = Line2D(*ends, drawstyle="steps-post", color="0.5", linewidth=1, zorder=0)
    axes.add_artist(front)  # as an artist it does not change the limits
    axes.locator_params("x", nbins=5)  # nearly equal sizes have long tick labels


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that no other point equals or beats in both cost and accuracy, sorted by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front
