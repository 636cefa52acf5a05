"""Rows of the book as pandas frames, a column each typed: trials, their epochs, their training steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.read.book import Row
from cnnzoo.mistake import Mistake
from studies.engine import schema

# The learning rate by epoch has the name of a field of the recipe, and stands in the curves alone.
BY_EPOCH = [metric for metric in schema.EPOCH_METRICS if metric != schema.LEARNING_RATE]
METRICS = [*schema.TRIAL_METRICS, *BY_EPOCH]
_TEXTS = (
    schema.ARM, schema.STAGE, schema.SIGNATURE, schema.OUTCOME, schema.REASON, schema.DEVICE, schema.DATASET_DIGEST,
    schema.VERSIONS,
)  # fmt: skip
_NUMBERS = (schema.SEED, schema.SEARCH, schema.NUMBER, schema.SHARED_DEVICE, *METRICS)


def trials_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """A row a trial: what it is, its recipe's fields, its metrics as it is judged by them.

    Every metric and everything that tells a trial from others has its column, also where no trial has a value.
    """
    read = pd.DataFrame(rows)
    whole = read.reindex(columns=[*dict.fromkeys([*_TEXTS, *_NUMBERS, *read])])
    return pd.DataFrame({str(name): _typed(str(name), column) for name, column in whole.items()})


def epochs_frame(by_trial: Mapping[str, Sequence[Row]], last: Mapping[str, float]) -> pd.DataFrame:
    """Columns signature, epoch and the metrics by epoch; epochs after the ``last`` that a trial is judged by are left out."""
    rows = [
        (signature, row)
        for signature, own in by_trial.items()
        for row in own
        if not row["epoch"] > last.get(signature, np.inf)
    ]
    frame = {
        schema.SIGNATURE: pd.Series([signature for signature, _ in rows], dtype="str"),
        "epoch": np.array([row["epoch"] for _, row in rows], dtype=int),
    }
    columns = {name: _numbers([row.get(name) for _, row in rows], name) for name in schema.EPOCH_METRICS}
    return pd.DataFrame({**frame, **columns})


def steps_frame(by_trial: Mapping[str, Sequence[Row]]) -> pd.DataFrame:
    """Columns signature, metric, step and value, of trials that record the loss landscape."""
    points = [
        (signature, metric, step, value)
        for signature, own in by_trial.items()
        for metric in schema.STEP_METRICS
        for row in own
        for step, value in row.get(metric, ())
    ]
    frame = pd.DataFrame(points, columns=[schema.SIGNATURE, "metric", "step", "value"])
    return frame.astype({schema.SIGNATURE: "str", "metric": "str", "step": int, "value": float})


def _typed(name: str, column: "pd.Series[Any]") -> Any:
    if name in _NUMBERS:
        return _numbers(column, name)
    if name in _TEXTS:
        return column.astype("str") if column.notna().all() else column
    if column.dtype == object:
        return column.map(lambda value: tuple(value) if isinstance(value, list) else value)
    return column


def _numbers(values: Any, name: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """The values as numbers; None is NaN."""
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise Mistake(f"the book has a {name!r} that is no number. Run the study again: it is written anew.") from None
