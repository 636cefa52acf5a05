"""Test accuracy by the size of the network and by its training time, with the Pareto fronts."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.draw.figures import Style, finish, look, within
from analysis.judge.verdicts import Judged
from studies.engine import schema

Point = tuple[float, float, float]  # cost, accuracy, half its interval
_FAR = 1e6  # beyond the edge of every panel


def points(axes: Axes, found: Mapping[str, Point], styles: Mapping[str, Style]) -> Axes:
    """Draw accuracy by cost, and the front of the arms that no other arm beats in both."""
    for name, (cost, accuracy, half) in found.items():
        color, marker, *_ = styles[name]
        axes.errorbar(
            cost, accuracy, within(accuracy, half), color=color, marker=marker, linestyle="none", capsize=3, label=name
        )
    costs, best = zip(*pareto([(cost, accuracy) for cost, accuracy, _ in found.values()]), strict=True)
    ends = (costs[0], *costs, _FAR), (-_FAR, *best, best[-1])
    axes.add_artist(
        Line2D(*ends, drawstyle="steps-post", color="0.5", linewidth=1, zorder=0)
    )  # as an artist it does not change the limits
    axes.locator_params("x", nbins=5)  # nearly equal sizes have long tick labels
    return axes


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that no other point equals or beats in both cost and accuracy, sorted by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


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
        points(axes, found, look(results)).set(xlabel=title, ylabel="test acc@1 %")
        axes.label_outer()
    return finish(figure, results, stage, "accuracy and what it costs (grey: the Pareto front)")
