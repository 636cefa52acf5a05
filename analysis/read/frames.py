"""The book's lines as pandas frames with typed columns: trials, their epochs, their training steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.read.book import Row
from cnnzoo.mistake import Mistake
from studies.engine import schema

# Without the learning rate: by epoch it has the same name as a field of the recipe, so only the curves have it.
METRICS = [metric for metric in (*schema.TRIAL_METRICS, *schema.EPOCH_METRICS) if metric != schema.LEARNING_RATE]
_TEXTS = (
    schema.ARM, schema.STAGE, schema.SIGNATURE, schema.OUTCOME, schema.REASON, schema.DEVICE, schema.DATASET_DIGEST,
    schema.VERSIONS,
)  # fmt: skip
_NUMBERS = (schema.SEED, schema.SEARCH, schema.NUMBER, schema.SHARED_DEVICE, schema.ENDED, *METRICS)


def trials_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """One row per trial: what it is, its recipe, and its metrics; all of their columns are there, even without a value."""
    read = pd.DataFrame(rows)
    whole = read.reindex(columns=[*dict.fromkeys([*_TEXTS, *_NUMBERS, *read])])
    return pd.DataFrame({str(name): _typed(str(name), column) for name, column in whole.items()})


def epochs_frame(by_trial: Mapping[str, Sequence[Row]], last: Mapping[str, float]) -> pd.DataFrame:
    """One row per epoch: signature, epoch and metrics. Epochs after the ``last`` one that counts for a trial are left out."""
    kept = [(s, row) for s, own in by_trial.items() for row in own if not row["epoch"] > last[s]]
    whose = pd.Series([signature for signature, _ in kept], dtype="str")
    epochs = np.array([row["epoch"] for _, row in kept], dtype=int)
    metrics = {name: _numbers([row.get(name) for _, row in kept], name) for name in schema.EPOCH_METRICS}
    return pd.DataFrame({schema.SIGNATURE: whose, "epoch": epochs, **metrics})


def steps_frame(by_trial: Mapping[str, Sequence[Row]]) -> pd.DataFrame:
    """One row per value that a trial with a loss landscape recorded: signature, metric, step, value."""
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
    """The values as an array of numbers; None becomes NaN."""
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise Mistake(f"the book has a {name!r} that is no number. Run the study again: it is written anew.") from None
