"""The loss landscape along a training, after arXiv 1805.11604: bands over learning rates, e.g. with and without BN.

It has four panels: the loss at every step; and, along the gradient at that step, the range of the loss, the range of the
change of the gradient (its predictiveness) and the largest change of the gradient by distance (the effective smoothness).
A band runs from the lowest to the highest of the arms that differ only in the learning rate.
"""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from analysis.draw.figures import finish, look
from analysis.judge.verdicts import Judged
from analysis.read.grid import label
from analysis.read.spec import fixed

# The metrics of each panel: a band runs from the lowest of them to the highest.
_PANELS: Mapping[str, tuple[str, ...]] = {
    "training loss": ("step/loss",),
    "loss along the gradient": ("landscape/loss_min", "landscape/loss_max"),
    "gradient change (l2)": ("landscape/gradient_min", "landscape/gradient_max"),
    "effective smoothness": ("landscape/smoothness",),
}
_POINTS = 400  # per band; each is a mean over some steps, as more points could not be seen


def bands(results: Judged, stage: str) -> dict[str, dict[str, pd.DataFrame]]:
    """The bands by panel and by what their arms share: `min` and `max` over learning rates and seeds at each step."""
    groups: dict[str, list[pd.DataFrame]] = {}
    for arm, fields in results.spec.arms_of(stage).items():
        shared = [label(results.spec, name, fixed(value)) for name, value in fields.items() if name != "lr"]
        groups.setdefault(", ".join(shared) or "all", []).append(results.samples[stage][arm].trials)
    found: dict[str, dict[str, pd.DataFrame]] = {panel: {} for panel in _PANELS}
    for name, trials in groups.items():
        steps = results.runs.steps(pd.concat(trials)).dropna()
        for panel, metrics in _PANELS.items():
            by_step = steps[steps["metric"].isin(metrics)].groupby("step")["value"].agg(["min", "max"])
            if len(by_step):
                found[panel][name] = by_step
    return {panel: drawn for panel, drawn in found.items() if drawn}


def landscape(results: Judged, stage: str) -> Figure | None:
    """Loss and gradient along the training, in bands from the lowest to the highest learning rate."""
    panels = bands(results, stage)
    if not panels:
        return None
    looks = look(results, (name for drawn in panels.values() for name in drawn))
    wide, high = min(2, len(panels)), math.ceil(len(panels) / 2)
    figure = Figure(figsize=(4.6 * wide, 3.0 * high + 0.6))
    for axes, (title, drawn) in zip(figure.subplots(high, wide, squeeze=False).flat, panels.items(), strict=False):
        for name, by_step in drawn.items():
            window = math.ceil(len(by_step) / _POINTS)
            mean = by_step.groupby([i // window for i in range(len(by_step))]).mean()
            steps, style = by_step.index[::window], looks[name]
            axes.fill_between(
                steps, mean["min"], mean["max"], color=style.color, alpha=0.35, hatch=style.hatch, label=name,
                linewidth=0.3 if len(steps) > 1 else 4,  # a single step becomes a stroke
            )  # fmt: skip
        positive = all((by_step > 0).all(axis=None) for by_step in drawn.values())  # in logs a spike flattens nothing
        axes.set(title=title, xlabel="step", yscale="log" if positive else "linear")
    return finish(figure, results, stage, "lowest to highest over learning rates and seeds")
