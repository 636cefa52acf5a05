"""Loss and accuracy by epoch, for training and validation data: the mean over seeds and their range."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis.draw.figures import Style, finish, look
from analysis.judge.verdicts import Judged
from analysis.words import LABELS
from studies.engine import schema

_TRAINING = (schema.TRAIN_LOSS, schema.TRAIN_ACC1, schema.TRAIN_ACC5)
_VALIDATION = (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5)


def curve(axes: Axes, epochs: ArrayLike, values: ArrayLike, label: str, style: Style) -> Axes:
    """Draw the mean over seeds in a band from the lowest to the highest seed; ``values`` has shape (epochs, seeds)."""
    x, y = np.asarray(epochs), np.asarray(values, dtype=float)
    axes.fill_between(x, np.nanmin(y, axis=1), np.nanmax(y, axis=1), color=style.color, alpha=0.15, linewidth=0)
    mean, every, (color, marker, line, _) = np.nanmean(y, axis=1), max(1, len(x) // 8), style
    axes.plot(x, mean, color=color, linestyle=line, marker=marker, markevery=every, markersize=5, label=label)
    return axes


def curves(results: Judged, stage: str) -> Figure | None:
    """Loss and accuracy by epoch, one panel per metric: the mean and the range over seeds."""
    samples, metrics = results.samples[stage], (*_TRAINING, *_VALIDATION)
    tables = {metric: {arm: results.curves(sample, metric) for arm, sample in samples.items()} for metric in metrics}
    known = {metric for metric, by_arm in tables.items() if any(len(table) for table in by_arm.values())}
    rows = [row for row in (_TRAINING, _VALIDATION) if known & {*row}]
    columns = [column for column in zip(*rows, strict=True) if known & {*column}]
    if not columns:
        return None
    figure = Figure(figsize=(3.6 * len(columns), 2.6 * len(rows) + 0.4))
    panels = figure.subplots(len(rows), len(columns), squeeze=False)
    for axes, metric in zip(panels.T.flat, (metric for column in columns for metric in column), strict=True):
        for arm, table in tables[metric].items():
            if len(table):
                curve(axes, table.index, table.to_numpy(), arm, look(results)[arm])
        axes.set(title=LABELS[metric], xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    return finish(figure, results, f"{results.spec.named_stage(stage)}: mean and range over seeds")
