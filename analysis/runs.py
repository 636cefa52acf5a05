"""A study as MLflow holds it: its spec, its trials as a frame, their histories as a frame.

Deleted runs do not exist; two runs of one signature count once; trials of another scale, or of an earlier version of
the study, are left out, and ``notes`` says so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.spec import Spec
from analysis.store import Run, Store, garbage_waits, open_store, redact
from studies.engine import schema

# Which of two runs of one signature is the trial: the one that came further; then the one that began later.
_STANDING = {"completed": 4, "diverged": 3, "stopped": 2, "failed": 1}
_TAGS = (
    schema.ARM,
    schema.STAGE,
    schema.SCALE,
    schema.SIGNATURE,
    schema.OUTCOME,
    schema.REASON,
    schema.DEVICE,
    schema.DATASET_DIGEST,
)
_NUMBERS = (schema.SEED, schema.NUMBER, schema.SHARED_DEVICE)


@dataclass(frozen=True)
class StudyRuns:
    """One study at one scale. ``trials`` has a row a trial: what it is, its recipe's fields, its last metrics."""

    spec: Spec
    trials: pd.DataFrame
    notes: tuple[str, ...]
    store: Store
    origin: Mapping[str, str]  # the parent run's tags: commit, versions

    def histories(self, trials: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
        """Columns run, metric, epoch, value; an epoch that was logged twice (a broken-off trial) has its last value."""
        return history_frame(self.store, list(trials["run"]), metrics)


def load(study: str, scale: str | None, uri: str) -> StudyRuns:
    """Read a study, at the largest scale it was run at if none is given; a ValueError says what is wrong with it."""
    store = open_store(uri)
    parents = store.runs(study, "study")
    runs = sorted(store.runs(study, "trial"), key=lambda run: (run.started or 0, run.name, run.id))
    scales = _scales(parents, runs)
    if not scales or (scale is not None and scale not in scales):
        raise _not_run(study, scale, store, uri)
    chosen = scale or scales[0]
    specs = [run for run in parents if run.tags.get(schema.SCALE) == chosen]
    if not specs:
        raise ValueError(
            f"study {study!r} has trials at scale {chosen!r}, but the parent run that carries its spec is gone.\n"
            "hint: restore it in `mlflow ui`, or run the study again: what is done is kept."
        )
    origin = max(specs, key=lambda run: run.started).tags
    spec = Spec.from_tags(origin)
    others = [f"at scale {name}" for name in scales if name != chosen]
    notes = (
        [f"The study was also run {' and '.join(others)}; scales are never mixed (--scale chooses)."]
        if others and scale is None
        else []
    )
    trials, dropped = current(frame([run for run in runs if run.tags.get(schema.SCALE) == chosen]), spec)
    return StudyRuns(spec, trials, (*notes, *dropped), store, origin)


def studies(uri: str) -> list[tuple[str, str, int]]:
    """Every study in the store at each of its scales, with its number of trials."""
    return list(open_store(uri).counts())


def frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a run, a column for each tag of the schema, field of the recipe and metric; numbers as numbers."""
    with garbage_waits():
        columns: dict[str, Any] = {
            "run": [run.id for run in runs],
            "name": [run.name for run in runs],
            "status": [run.status for run in runs],
            "started": np.array([run.started for run in runs], dtype=float),
        }
        for tag in _TAGS:
            columns[tag] = [run.tags.get(tag) for run in runs]
        for tag in _NUMBERS:
            columns[tag] = np.array([_number(run.tags.get(tag)) for run in runs], dtype=float)
        for field, texts in _columns([run.params for run in runs]).items():
            if field not in columns:  # the seed is a tag too
                columns[field] = _parsed(texts)
        for metric, numbers in _columns([run.metrics for run in runs]).items():
            columns[metric] = np.array(numbers, dtype=float)
        table = pd.DataFrame(columns)
    for metric in (*schema.EPOCH_METRICS, *schema.TRIAL_METRICS):
        if metric not in table:
            table[metric] = math.nan
    return table


def current(trials: pd.DataFrame, spec: Spec) -> tuple[pd.DataFrame, list[str]]:
    """The trials that belong to the plan as the spec has it, and a note on each kind of those that do not."""
    notes = []
    standing = trials[schema.OUTCOME].map(_STANDING).fillna(0)
    order = trials.assign(_standing=standing).sort_values(["_standing", "started"], kind="stable")
    unsigned = order[schema.SIGNATURE].isna()
    kept = order[unsigned | ~order.duplicated([schema.STAGE, schema.ARM, schema.SIGNATURE], keep="last")].sort_index()
    if len(kept) < len(trials):
        notes.append(f"{len(trials) - len(kept)} runs repeat the signature of another one and are not counted again.")
    reasons = _foreign(kept, spec)
    for reason, count in reasons.dropna().value_counts().items():
        notes.append(f"Left out: {count} trial{'s' if count > 1 else ''} {reason}.")
    kept = kept[reasons.isna()]
    confirmed = kept[kept[schema.STAGE] == "confirm"]
    old = [
        row
        for arm, rows in confirmed.groupby(schema.ARM)
        for row in _superseded(rows, list(spec.tune.get(str(arm), {})))
    ]
    if old:
        notes.append(f"Left out: {len(old)} trials that confirmed a setting chosen before the search was extended.")
    return kept.drop(index=old).drop(columns="_standing", errors="ignore").reset_index(drop=True), notes


def _foreign(trials: pd.DataFrame, spec: Spec) -> pd.Series:
    """By trial, why it is not part of the plan; None where it is."""
    reasons = pd.Series([None] * len(trials), index=trials.index, dtype=object)
    for (stage, arm), rows in trials.groupby([schema.STAGE, schema.ARM], dropna=False):
        if stage not in schema.STAGES or arm not in spec.arms_of(stage):
            reasons[rows.index] = "of arms that the study does not have (any more)"
            continue
        for name, planned in spec.setting(str(arm), str(stage)).items():
            for value in rows[name].dropna().unique() if name in rows else ():  # a trial that just began has none yet
                if spelled(value) != spelled(planned):
                    other = rows.index[rows[name].map(spelled) == spelled(value)]
                    reasons[other] = (
                        f"of an earlier version of the study ({name} {spelled(value)}, now {spelled(planned)})"
                    )
        if stage != "search":
            beyond = rows.index[~rows[schema.SEED].isin(spec.seeds_of(stage))]
            reasons[beyond] = (
                f"on seeds beyond the plan's {len(spec.seeds_of(stage))} (the study's --seeds counts them in)"
            )
    return reasons


def _superseded(confirmed: pd.DataFrame, tuned: list[str]) -> Iterator[Any]:
    """Rows of one arm that confirm another setting than the one confirmed last."""
    settings = [tuple(spelled(row.get(name)) for name in tuned) for row in confirmed.to_dict("records")]
    last = settings[int(np.argmax(confirmed["started"].to_numpy()))]
    yield from (index for index, setting in zip(confirmed.index, settings, strict=True) if setting != last)


def history_frame(store: Store, runs: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    with garbage_waits():
        points = store.histories(runs, metrics) if runs else []
        columns = list(zip(*points, strict=True)) or [()] * 5
    table = pd.DataFrame(
        {
            "run": pd.Categorical(columns[0], categories=list(dict.fromkeys(runs))),
            "metric": pd.Categorical(columns[1], categories=list(metrics)),
            "epoch": np.array(columns[2], dtype=int),
            "value": np.array(columns[3], dtype=float),
            "timestamp": np.array(columns[4], dtype=np.int64),
        }
    ).sort_values("timestamp", kind="stable")
    table = table.drop(columns="timestamp").drop_duplicates(["run", "metric", "epoch"], keep="last")
    return table.sort_values(["run", "metric", "epoch"], ignore_index=True)


def parse(text: str | None) -> Any:
    """A parameter as it was before MLflow made it a text: None, a truth value, a number, or the text."""
    if text is None or text in ("None", ""):
        return None
    if text in ("True", "False"):
        return text == "True"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _parsed(texts: Sequence[str | None]) -> Any:
    """Each different text is parsed once; a single one, as most fields of a study have, stands for the column."""
    values = {text: parse(text) for text in set(texts)}
    return [values[text] for text in texts] if len(values) > 1 else next(iter(values.values()))


def spelled(value: Any) -> str:
    """One spelling for a value of a recipe, whether it comes from a spec (JSON) or from a parameter (text)."""
    if isinstance(value, str):
        value = parse(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "None"
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | float | np.number):
        return f"{float(value):.12g}"
    if isinstance(value, list | tuple):
        return ",".join(spelled(item) for item in value)
    return ",".join(part.strip() for part in value.strip("[]()").split(",") if part.strip())


def _number(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except ValueError:
        return math.nan


def _columns(maps: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """By key, its value in each of the maps; None where there is none."""
    blank: dict[str, Any] = {}
    for one in maps:
        blank.update(one)
    blank = dict.fromkeys(blank)
    rows = [tuple({**blank, **one}.values()) for one in maps]
    return dict(zip(blank, zip(*rows, strict=True), strict=True))


def _scales(parents: Sequence[Run], runs: Sequence[Run]) -> list[str]:
    """The scales there are trials or a spec of, largest first."""
    found = {run.tags.get(schema.SCALE) for run in (*parents, *runs)}
    return [scale for scale in schema.SCALES if scale in found]


def _not_run(study: str, scale: str | None, store: Store, uri: str) -> ValueError:
    there = [f"{name} (scale {of}, {n} trial{'s' if n > 1 else ''})" for name, of, n in store.counts()]
    listed = (
        f"there are: {', '.join(there)}."
        if there
        else "there are no studies yet; run one first, e.g. python studies/activations.py"
    )
    at = f" at scale {scale!r}" if scale else ""
    return ValueError(f"study {study!r} was never run{at} in {redact(uri)}.\nhint: {listed}")
