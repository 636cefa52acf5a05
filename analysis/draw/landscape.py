"""The loss landscape along a training, after arXiv 1805.11604: bands over learning rates, e.g. with and without BN.

Four panels: the loss at every step; and, along the gradient at that step, the range of the loss, the range of the change
of the gradient (its predictiveness) and the largest change of the gradient by distance (the effective smoothness). A band
runs from the lowest to the highest of the arms that differ in nothing but the learning rate.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis.draw.figures import Style, finish, look
from analysis.judge.results import NAMES
from analysis.judge.verdicts import Judged
from analysis.read.grid import fixed, label

# By panel: the metrics from whose lowest to whose highest the band runs.
_PANELS: Mapping[str, tuple[str, ...]] = {
    "training loss": ("step/loss",),
    "loss along the gradient": ("landscape/loss_min", "landscape/loss_max"),
    "gradient change (l2)": ("landscape/gradient_min", "landscape/gradient_max"),
    "effective smoothness": ("landscape/smoothness",),
}
_POINTS = 400  # of a band: more would be ink; each is a mean over the steps between


def band(axes: Axes, steps: ArrayLike, low: ArrayLike, high: ArrayLike, label: str, style: Style) -> Axes:
    """The space between two curves over steps, shape (steps,) each; of a single step a stroke."""
    width = 0.3 if np.size(steps) > 1 else 4
    axes.fill_between(steps, low, high, color=style.color, alpha=0.35, hatch=style.hatch, linewidth=width, label=label)
    return axes


def bands(of: Judged, way: str) -> dict[str, dict[str, pd.DataFrame]]:
    """By panel, then by what the arms share: `min` and `max` at each step over learning rates and seeds."""
    groups: dict[str, list[pd.DataFrame]] = {}
    for arm, fields in of.spec.arms_of(way).items():
        shared = [label(of.spec, name, fixed(value)) for name, value in fields.items() if name != "lr"]
        groups.setdefault(", ".join(shared) or "all", []).append(of.samples[way][arm].trials)
    found: dict[str, dict[str, pd.DataFrame]] = {panel: {} for panel in _PANELS}
    for name, trials in groups.items():
        steps = of.runs.steps(pd.concat(trials)).dropna()
        for panel, metrics in _PANELS.items():
            by_step = steps[steps["metric"].isin(metrics)].groupby("step")["value"].agg(["min", "max"])
            if len(by_step):
                found[panel][name] = by_step
    return {panel: drawn for panel, drawn in found.items() if drawn}


def landscape(of: Judged, way: str) -> Figure | None:
    """Loss, and gradient along the training, in bands from the lowest to the highest over learning rates."""
    panels = bands(of, way)
    if not panels:
        return None
    looks = look(of, (name for drawn in panels.values() for name in drawn))
    wide, high = min(2, len(panels)), math.ceil(len(panels) / 2)
    figure = Figure(figsize=(4.6 * wide, 3.0 * high + 0.6))
    for axes, (title, drawn) in zip(figure.subplots(high, wide, squeeze=False).flat, panels.items(), strict=False):
        for name, by_step in drawn.items():
            window = math.ceil(len(by_step) / _POINTS)
            mean = by_step.groupby([i // window for i in range(len(by_step))]).mean()
            band(axes, by_step.index[::window], mean["min"], mean["max"], name, looks[name])
        positive = all((by_step > 0).all(axis=None) for by_step in drawn.values())  # in logs a spike flattens nothing
        axes.set(title=title, xlabel="step", yscale="log" if positive else "linear")
    return finish(figure, of, f"{NAMES[way]}: lowest to highest over learning rates and seeds")
