"""Loss and accuracy by epoch, on training, validation and test data: the mean over seeds and their range."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis.draw.figures import Style, finish, look
from analysis.judge.verdicts import Judged
from analysis.words import LABELS
from studies.engine import schema

_TRAINING = (schema.TRAIN_LOSS, schema.TRAIN_ACC1, schema.TRAIN_ACC5)
_VALIDATION = (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5)
_TEST = schema.TEST_BY_EPOCH
_REPORT_D = (schema.TRAIN_LOSS, schema.TRAIN_ACC1, schema.TEST_ACC1_BY_EPOCH)
_TITLES = LABELS | {
    schema.TEST_LOSS_BY_EPOCH: "test loss (chooses nothing)",
    schema.TEST_ACC1_BY_EPOCH: "test acc@1 (chooses nothing)",
    schema.TEST_ACC5_BY_EPOCH: "test acc@5 (chooses nothing)",
}
_Tables = Mapping[str, Mapping[str, pd.DataFrame]]  # by metric, then arm


def curve(axes: Axes, epochs: ArrayLike, values: ArrayLike, label: str, style: Style) -> Axes:
    """Draw the mean over seeds in a band from the lowest to the highest seed; ``values`` has shape (epochs, seeds)."""
    x, y = np.asarray(epochs), np.asarray(values, dtype=float)
    axes.fill_between(x, np.nanmin(y, axis=1), np.nanmax(y, axis=1), color=style.color, alpha=0.15, linewidth=0)
    mean, every, (color, marker, line, _) = np.nanmean(y, axis=1), max(1, len(x) // 8), style
    axes.plot(x, mean, color=color, linestyle=line, marker=marker, markevery=every, markersize=5, label=label)
    return axes


def curves(results: Judged, stage: str) -> Figure | None:
    """Loss and accuracy by epoch, a panel a metric; a row each for training, validation and test data, where there are any."""
    tables = _tables(results, stage, (*_TRAINING, *_VALIDATION, *_TEST))
    rows = [row for row in (_TRAINING, _VALIDATION, _TEST) if tables.keys() & {*row}]
    columns = [column for column in zip(*rows, strict=True) if tables.keys() & {*column}]
    return _figure(results, stage, tables, [*zip(*columns, strict=True)]) if columns else None


def learning(results: Judged, stage: str) -> Figure | None:
    """Train loss, train and test accuracy by epoch, side by side: the figure of report D. None where no test curve is."""
    tables = _tables(results, stage, _REPORT_D)
    return _figure(results, stage, tables, [_REPORT_D]) if _REPORT_D[-1] in tables else None


def _tables(results: Judged, stage: str, metrics: Sequence[str]) -> _Tables:
    """The curves of all arms by epoch and seed, without the metrics that no trial has."""
    samples = results.samples[stage]
    every = {metric: {arm: results.curves(sample, metric) for arm, sample in samples.items()} for metric in metrics}
    return {metric: by_arm for metric, by_arm in every.items() if any(len(table) for table in by_arm.values())}


def _figure(results: Judged, stage: str, tables: _Tables, rows: Sequence[Sequence[str]]) -> Figure:
    figure = Figure(figsize=(3.6 * len(rows[0]), 2.6 * len(rows) + 0.4))
    panels = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for axes, metric in zip(panels.flat, (metric for row in rows for metric in row), strict=True):
        for arm, table in tables.get(metric, {}).items():
            if len(table):
                curve(axes, table.index, table.to_numpy(), arm, look(results)[arm])
        axes.set(title=_TITLES[metric], xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    return finish(figure, results, stage, "mean and range over seeds")
