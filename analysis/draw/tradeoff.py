"""Test accuracy against the size of the network and against its time, with the Pareto fronts."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.draw.figures import Style, finish, look
from analysis.judge.results import NAMES
from analysis.judge.verdicts import Judged
from studies.engine import schema

Point = tuple[float, float, float]  # cost, accuracy, half its interval
_FAR = 1e6  # beyond the edges of any axes


def points(axes: Axes, found: Mapping[str, Point], styles: Mapping[str, Style]) -> Axes:
    """What accuracy costs, by name, and the front of those that nothing beats in both, from edge to edge."""
    for name, (cost, accuracy, half) in found.items():
        color, marker, *_ = styles[name]
        axes.errorbar(cost, accuracy, half, color=color, marker=marker, linestyle="none", capsize=3, label=name)
    costs, best = zip(*pareto([(cost, accuracy) for cost, accuracy, _ in found.values()]), strict=True)
    ends = (costs[0], *costs, _FAR), (-_FAR, *best, best[-1])
    axes.add_artist(Line2D(*ends, drawstyle="steps-post", color="0.5", linewidth=1, zorder=0))  # moves no limits
    axes.locator_params("x", nbins=5)  # sizes that are nearly the same need long figures
    return axes


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that no other equals or beats in both: less cost, more accuracy; by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


def tradeoff(of: Judged, way: str) -> Figure | None:
    """Test accuracy against size and against time, with the Pareto fronts."""
    panels: dict[str, dict[str, Point]] = {"size in MB": {}, "seconds an epoch": {}}
    for arm, sample in of.samples[way].items():
        test, costs = sample.mean(schema.JUDGED_BY), (sample.mean(schema.SIZE_MB), of.seconds(sample))
        for found, cost in zip(panels.values(), costs, strict=True):
            if test.n and cost.n:
                found[arm] = (cost.mean, test.mean, test.half)
    if not all(panels.values()):
        return None
    figure = Figure(figsize=(8.4, 3.6))
    for axes, (title, found) in zip(figure.subplots(1, 2, sharey=True), panels.items(), strict=True):
        points(axes, found, look(of)).set(xlabel=title, ylabel="test acc@1 %")
        axes.label_outer()
    return finish(figure, of, f"{NAMES[way]}: accuracy and what it costs (grey: the Pareto front)")
