"""The forest plot: each seed, the mean with its interval, and how far each arm is from the baseline; and seed by seed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.draw.figures import Style, finish, look
from analysis.judge.page import Contrast
from analysis.judge.results import Sample
from analysis.judge.verdicts import Judged
from analysis.words import PERFECT
from studies.engine import schema

_ROW_INCHES = 0.42
_UPRIGHT = 14  # letters of a name that fit under a column
_OFFSET = 0.16  # rows: the seeds are drawn above the line of their arm, the mean below it


def _seeds(axes: Axes, samples: Mapping[str, Sample], styles: Mapping[str, Style]) -> None:
    """One row per arm: every seed as a hollow marker, and below the seeds their mean with its interval."""
    for row, (arm, sample) in enumerate(samples.items()):
        (color, marker, *_), own, mean = styles[arm], sample.values(schema.JUDGED_BY), sample.mean(schema.JUDGED_BY)
        axes.scatter(own, np.full(len(own), row - _OFFSET), facecolors="none", edgecolors=color, marker=marker, s=24)
        if mean.n:
            ends = [max(mean.low, 0), min(mean.high, PERFECT)]
            axes.plot(ends, [row + _OFFSET] * 2, color=color, linewidth=1.6)
            axes.plot(mean.mean, row + _OFFSET, color=color, marker=marker, markersize=6)


def _differences(axes: Axes, rows: Mapping[str, Contrast | None], margin: float, styles: Mapping[str, Style]) -> None:
    """One row per arm: its difference to the baseline with the interval; the grey band is the margin."""
    axes.axvspan(-margin, margin, color="0.9", zorder=0)
    axes.axvline(0, color="0.4", linewidth=1)
    for row, (arm, contrast) in enumerate(rows.items()):
        if contrast and contrast.difference.n:
            (color, marker, *_), d = styles[arm], contrast.difference
            axes.plot([d.low, d.high], [row, row], color=color, linewidth=1.6)
            axes.plot(d.mean, row, color=color, marker=marker, markersize=6)


def forest(results: Judged, stage: str) -> Figure | None:
    """Every seed's test accuracy, the means with their intervals, and the differences to the baseline."""
    samples, contrasts, baseline = results.samples[stage], results.contrasts[stage], results.spec.baseline_of(stage)
    seeds = max((sample.mean(schema.JUDGED_BY).n for sample in samples.values()), default=0)
    if not seeds:
        return None
    compared = any(contrasts.values())
    figure = Figure(figsize=(9.4 if compared else 6.4, 1.1 + _ROW_INCHES * len(samples)))
    panels = figure.subplots(1, 1 + compared, squeeze=False, sharey=True)[0]
    _seeds(panels[0], samples, look(results))
    names = [f"{arm} (baseline)" if arm == baseline and compared else arm for arm in samples]
    panels[0].set(xlabel="test acc@1 %", yticks=range(len(samples)), yticklabels=names, ylim=(len(samples) - 0.5, -0.5))
    if compared:
        _differences(panels[1], {arm: contrasts.get(arm) for arm in samples}, results.spec.margin, look(results))
        panels[1].set(xlabel=f"points more than {baseline}\n(grey: ±{results.spec.margin:g}, too little to matter)")
    for axes in panels:
        axes.grid(visible=False, axis="y")
    return finish(figure, results, stage, "each seed (hollow), mean and 95 % interval" if seeds > 1 else "one seed")


def pairs(results: Judged, stage: str) -> Figure | None:
    """Test accuracy seed by seed, the baseline first: lines that rise or fall together are what pairing takes away."""
    samples, baseline = results.samples[stage], results.spec.baseline_of(stage)
    in_order = sorted(samples, key=lambda arm: arm != baseline)
    by_seed = pd.DataFrame({arm: samples[arm].values(schema.JUDGED_BY) for arm in in_order}).dropna(axis=1, how="all")
    if not (by_seed.count(axis=1) > 1).any():
        return None
    figure = Figure(figsize=(max(5.0, 1.4 + 0.9 * len(by_seed.columns)), 4.0))
    axes = figure.subplots()
    axes.plot(range(len(by_seed.columns)), by_seed.to_numpy().T, color="0.6", linewidth=1)
    for column, (arm, own) in enumerate(by_seed.items()):
        color, marker, *_ = look(results)[str(arm)]
        axes.scatter(np.full(len(own), column), own, color=color, marker=marker, s=26, zorder=3)
    names = [f"{arm}\n(baseline)" if arm == baseline else str(arm) for arm in by_seed]
    axes.set_xticks(range(len(names)), names)
    if max(len(str(arm)) for arm in by_seed) > _UPRIGHT:
        axes.tick_params("x", rotation=30)
    axes.set(ylabel="test acc@1 %", xlim=(-0.4, len(by_seed.columns) - 0.4))
    axes.grid(visible=False, axis="x")
    return finish(figure, results, stage, "seed by seed: each line is one seed")
