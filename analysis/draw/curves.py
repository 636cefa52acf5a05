"""Loss and accuracy by epoch, on training, validation and test data: the mean over seeds and their range."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.draw.figures import Style, finish, look
from analysis.judge.verdicts import Judged
from analysis.words import LABELS
from studies.engine import schema

_ROWS = (
    (schema.TRAIN_LOSS, schema.TRAIN_ACC1, schema.TRAIN_ACC5),
    (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5),
    schema.TEST_BY_EPOCH,
)
_REPORT_D = (schema.TRAIN_LOSS, schema.TRAIN_ACC1, schema.TEST_ACC1_BY_EPOCH)
_TITLES = LABELS | {test: LABELS[test].replace("by epoch", "(chooses nothing)") for test in schema.TEST_BY_EPOCH}
_Tables = Mapping[str, Mapping[str, pd.DataFrame]]  # by metric, then arm


def curve(axes: Axes, table: pd.DataFrame, label: str, style: Style) -> None:
    """Draw the mean over seeds in a band from the lowest to the highest seed; the table has a row an epoch, a column a seed."""
    every, (color, marker, line, _) = max(1, len(table) // 8), style
    axes.fill_between(table.index, table.min(axis=1), table.max(axis=1), color=color, alpha=0.15, linewidth=0)
    mean = table.mean(axis=1)
    axes.plot(mean, color=color, linestyle=line, marker=marker, markevery=every, markersize=5, label=label)


def curves(results: Judged, stage: str) -> Figure | None:
    """Loss and accuracy by epoch, a panel a metric; a row each for training, validation and test data, where there are any."""
    tables = _tables(results, stage, [metric for row in _ROWS for metric in row])
    rows = [row for row in _ROWS if tables.keys() & {*row}]
    columns = [column for column in zip(*rows, strict=True) if tables.keys() & {*column}]
    return _figure(results, stage, tables, [*zip(*columns, strict=True)]) if columns else None


def learning(results: Judged, stage: str) -> Figure | None:
    """Train loss, train and test accuracy by epoch, side by side: the figure of report D. None where no test curve is."""
    tables = _tables(results, stage, _REPORT_D)
    return _figure(results, stage, tables, [_REPORT_D]) if _REPORT_D[-1] in tables else None


def _tables(results: Judged, stage: str, metrics: Sequence[str]) -> _Tables:
    """The curves of the arms by epoch and seed, without the arms and metrics that have none."""
    samples = results.samples[stage]
    every = {
        metric: {arm: table for arm, sample in samples.items() if len(table := results.curves(sample, metric))}
        for metric in metrics
    }
    return {metric: by_arm for metric, by_arm in every.items() if by_arm}


def _figure(results: Judged, stage: str, tables: _Tables, rows: Sequence[Sequence[str]]) -> Figure:
    figure = Figure(figsize=(3.6 * len(rows[0]), 2.6 * len(rows) + 0.4))
    panels = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for axes, metric in zip(panels.flat, (metric for row in rows for metric in row), strict=True):
        for arm, table in tables.get(metric, {}).items():
            curve(axes, table, arm, look(results)[arm])
        axes.set(title=_TITLES[metric], xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    return finish(figure, results, stage, "mean and range over seeds")
