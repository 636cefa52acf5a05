"""A study as MLflow holds it: its spec, its trials as a frame, their histories as a frame.

Deleted runs do not exist; two runs of one signature count once; trials of another scale, or of an earlier version of
the study, are left out, and ``notes`` says so.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from analysis.read.spec import Spec
from analysis.read.store import Run, Store
from analysis.read.stores import open_store
from analysis.words import count
from studies.engine import schema

# Which of two runs of one signature is the trial: the one that came further; then the one that began later.
_STANDING = {"completed": 4, "diverged": 3, "stopped": 2, "failed": 1}
_TAGS = (
    schema.ARM, schema.STAGE, schema.SCALE, schema.SIGNATURE, schema.OUTCOME, schema.REASON, schema.DEVICE,
    schema.DATASET_DIGEST, schema.VERSIONS,
)  # fmt: skip
_NUMBERS = (schema.SEED, schema.NUMBER, schema.SHARED_DEVICE)
# All but the learning rate by epoch, which has the name of the recipe's field.
BY_EPOCH = [metric for metric in schema.EPOCH_METRICS if metric != schema.LEARNING_RATE]
METRICS = [*schema.TRIAL_METRICS, *BY_EPOCH]
_WORDS = {"None": None, "": None, "True": True, "False": False}


@dataclass(frozen=True)
class StudyRuns:
    """One study at one scale. ``trials`` has a row a trial: what it is, its recipe's fields, its last metrics."""

    spec: Spec
    trials: pd.DataFrame
    notes: tuple[str, ...]
    store: Store
    origin: Mapping[str, str]  # the parent run's tags: commit, versions

    def histories(self, trials: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
        """Columns run, metric, epoch (of a metric by step: the step) and value.

        A search trial may have trained on while it was being judged: what it did after its last epoch is left out.
        """
        history = history_frame(self.store, list(trials["run"]), metrics)
        if not set(metrics) <= {*schema.EPOCH_METRICS}:
            return history
        last = trials[schema.EPOCHS_DONE].to_numpy()[history["run"].cat.codes]
        return history[~(history["epoch"].to_numpy() > last)]

    def as_judged(self) -> pd.DataFrame:
        """The trials, with the metrics of those that were stopped as they were at the last epoch that counts."""
        stopped = self.trials[self.trials[schema.OUTCOME] == "stopped"]
        history = self.histories(stopped, BY_EPOCH)
        ends = history.drop_duplicates(["run", "metric"], keep="last").pivot(
            index="run", columns="metric", values="value"
        )
        trials = self.trials.copy()
        trials.loc[stopped.index, BY_EPOCH] = ends.reindex(index=stopped["run"], columns=BY_EPOCH).to_numpy()
        return trials


def load(study: str, scale: str | None, uri: str) -> StudyRuns:
    """Read a study, at the largest scale it was run at if none is given; a ValueError says what is wrong with it."""
    store = open_store(uri)
    parents = store.runs(study, "study")
    runs = store.runs(study, "trial")
    there = {run.tags.get(schema.SCALE) for run in (*parents, *runs)}
    scales = [name for name in schema.SCALES if name in there]
    if not scales or scale not in (None, *scales):
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
    trials, notes = current(frame([run for run in runs if run.tags.get(schema.SCALE) == chosen]), spec)
    if scale is None and len(scales) > 1:
        others = " and ".join(f"at scale {name}" for name in scales[1:])
        notes = [f"The study was also run {others}; scales are never mixed (--scale chooses).", *notes]
    return StudyRuns(spec, trials, tuple(notes), store, origin)


def frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a run, a column for each tag and metric of the schema and each field of the recipe; numbers as numbers."""
    tags, params, metrics = ([getattr(run, kind) for run in runs] for kind in ("tags", "params", "metrics"))
    columns: dict[str, Any] = {"run": [run.id for run in runs], "started": [run.started for run in runs]}
    columns |= {name: [getattr(run, name) for run in runs] for name in ("name", "status")}
    columns |= {tag: [own.get(tag) for own in tags] for tag in _TAGS}
    columns |= {tag: np.array([own.get(tag) for own in tags], dtype=float) for tag in _NUMBERS}
    for field in dict.fromkeys(name for own in params for name in own):
        if field not in columns:  # the seed is a tag too
            columns[field] = _parsed([own.get(field) for own in params])
    columns |= {metric: np.array([own.get(metric) for own in metrics], dtype=float) for metric in METRICS}
    return pd.DataFrame(columns)


def current(trials: pd.DataFrame, spec: Spec) -> tuple[pd.DataFrame, list[str]]:
    """The trials that belong to the plan as the spec has it, and a note on each kind of those that do not."""
    order = trials.assign(standing=trials[schema.OUTCOME].map(_STANDING).fillna(0)).sort_values(["standing", "started"])
    repeated = order.index[order.duplicated([schema.STAGE, schema.ARM, schema.SIGNATURE], keep="last")]
    kept, notes = trials.drop(index=repeated).sort_values("started", kind="stable"), []
    if n := len(repeated):
        repeat, are = ("repeats", "is") if n == 1 else ("repeat", "are")
        notes.append(f"{count(n, 'run')} {repeat} the signature of another one and {are} not counted again.")
    for left_out in (_foreign, _superseded, _older):
        reasons = left_out(kept, spec)
        notes += [f"Left out: {count(n, 'trial')} {why}." for why, n in Counter(reasons.values()).most_common()]
        kept = kept.drop(index=list(reasons))
    rank = [*schema.STAGES, *spec.every_arm()].index
    kept = kept.sort_values(
        [schema.STAGE, schema.ARM, schema.NUMBER, schema.SEED],
        key=lambda column: column.map(rank) if column.name in (schema.STAGE, schema.ARM) else column,
        ignore_index=True,
    )
    return kept, notes


def _foreign(trials: pd.DataFrame, spec: Spec) -> dict[Any, str]:
    """Why a trial is not part of the plan, by the row of each that is not."""
    reasons: dict[Any, str] = {}
    for (stage, arm), rows in trials.groupby([schema.STAGE, schema.ARM], dropna=False):
        if stage not in schema.STAGES or arm not in spec.arms_of(str(stage)):
            reasons |= dict.fromkeys(rows.index, "of arms that the study does not have (any more)")
            continue
        for name, planned in spec.setting(str(arm), str(stage)).items():
            for value in rows[name].dropna().unique() if name in rows else ():  # a trial that just began has none yet
                if spelled(value) != spelled(planned):
                    why = f"of an earlier version of the study ({name} {spelled(value)}, now {spelled(planned)})"
                    reasons |= dict.fromkeys(rows.index[rows[name] == value], why)
        if stage != "search":
            seeds = spec.seeds_of(str(stage))
            why = f"on seeds beyond the plan's {len(seeds)} (the study's --seeds counts them in)"
            reasons |= dict.fromkeys(rows.index[~rows[schema.SEED].isin(seeds)], why)
    return reasons


def _superseded(trials: pd.DataFrame, spec: Spec) -> dict[Any, str]:
    """The rows that confirm another setting than the one confirmed last."""
    if "model" not in trials:
        return {}
    begun = trials["model"].notna()  # one that began at this moment has no fields yet
    confirmed = trials[(trials[schema.STAGE] == "confirm") & begun]
    rows: list[Any] = []
    for arm, own in confirmed.groupby(schema.ARM):
        settings = [[spelled(row.get(name)) for name in spec.tune[str(arm)]] for row in own.to_dict("records")]
        rows += [row for row, setting in zip(own.index, settings, strict=True) if setting != settings[-1]]
    return dict.fromkeys(rows, "that confirmed a setting chosen before the search was extended")


def _older(trials: pd.DataFrame, _spec: Spec) -> dict[Any, str]:
    """The rows that a later trial of the same arm and seed or number replaces: its signature is another one."""
    older = trials.duplicated([schema.STAGE, schema.ARM, schema.SEED, schema.NUMBER], keep="last")
    return dict.fromkeys(trials.index[older], "of an earlier version of the network, data or training code")


def history_frame(store: Store, runs: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Columns run, metric, epoch, value; an epoch that was logged twice (a broken-off trial) has its last value."""
    series = store.histories(runs, metrics)
    at = {name: i for names in (runs, metrics) for i, name in enumerate(names)}
    lengths = [len(one.steps) for one in series]
    table = pd.DataFrame(
        {
            "run": np.repeat([at[one.run] for one in series], lengths).astype(int),
            "metric": np.repeat([at[one.metric] for one in series], lengths).astype(int),
            "epoch": np.fromiter(chain.from_iterable(one.steps for one in series), np.int64),
            "timestamp": np.fromiter(chain.from_iterable(one.timestamps for one in series), np.int64),
            "value": np.array([value for one in series for value in one.values], dtype=float),
        }
    ).sort_values(["run", "metric", "epoch", "timestamp"])
    table = table.drop(columns="timestamp").drop_duplicates(["run", "metric", "epoch"], keep="last", ignore_index=True)
    for key, names in (("run", runs), ("metric", metrics)):
        table[key] = pd.Categorical.from_codes(table[key].to_numpy(), pd.Index(names))
    return table


def parse(text: str | None) -> Any:
    """A parameter as it was before MLflow made it a text: None, a truth value, a number, or the text."""
    if text is None or text in _WORDS:
        return _WORDS.get(text or "")
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
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


def _not_run(study: str, scale: str | None, store: Store, uri: str) -> ValueError:
    there = [f"{name} (scale {at}, {count(trials, 'trial')})" for name, at, trials in store.counts()]
    none = "there are no studies yet; run one first, e.g. python studies/activations.py"
    listed = f"there are: {', '.join(there)}." if there else none
    at = f" at scale {scale!r}" if scale else ""
    return ValueError(f"study {study!r} was never run{at} in {schema.redact(uri)}.\nhint: {listed}")
