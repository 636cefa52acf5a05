"""A study as the book holds it: its spec, its trials as a frame, their curves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.read.book import Book, Row
from analysis.read.frames import epochs_frame, steps_frame, trials_frame
from analysis.read.spec import Spec
from analysis.words import count
from studies.engine import schema


@dataclass(frozen=True)
class StudyRuns:
    """One study at one scale. ``trials`` has a row a trial that ended; ``analysis.read.frames`` says what is in it."""

    spec: Spec
    trials: pd.DataFrame
    notes: tuple[str, ...]
    book: Book

    @property
    def origin(self) -> Mapping[str, str]:
        """Where the study was run last: commit, versions."""
        return self.spec.origin

    def curves(self, trials: pd.DataFrame) -> pd.DataFrame:
        """The metrics of these trials by epoch, to the last one that they are judged by: a row an epoch."""
        last = dict(zip(trials[schema.SIGNATURE], trials[schema.EPOCHS_DONE], strict=True))
        return epochs_frame(self._epochs(trials), last)

    def steps(self, trials: pd.DataFrame) -> pd.DataFrame:
        """What trials that record the loss landscape wrote down at each training step: a row a value."""
        return steps_frame(self._epochs(trials))

    def _epochs(self, trials: pd.DataFrame) -> Mapping[str, list[Row]]:
        signatures = list(dict.fromkeys(trials[schema.SIGNATURE]))
        return self.book.epochs(self.spec.name, self.spec.scale, signatures)


def load(book: Book, study: str, scale: str | None = None) -> StudyRuns:
    """Read a study, at the largest scale it was run at if none is given; a Mistake says what is wrong with it."""
    chosen, *others = book.scales(study, scale)
    spec = Spec.from_json(book.spec(study, chosen), f"study {study!r} at scale {chosen!r}")
    trials, notes = current(trials_frame(book.rows(study, chosen)), spec)
    if scale is None and others:
        at = " and ".join(f"at scale {name}" for name in others)
        notes = [f"The study was also run {at}; scales are never mixed (--scale chooses).", *notes]
    return StudyRuns(spec, trials, tuple(notes), book)


def current(trials: pd.DataFrame, spec: Spec) -> tuple[pd.DataFrame, list[str]]:
    """The trials of the plan as the spec has it, in its order, and a note on each kind of those that are left out."""
    latest = trials.drop_duplicates([schema.STAGE, schema.ARM, schema.SEED, schema.NUMBER], keep="last")
    planned = latest[_planned(latest, spec)]
    kept = planned.drop(index=_superseded(planned, spec))
    notes = [
        f"Left out: {count(n, 'trial')} {why}."
        for n, why in (
            (len(latest) - len(planned), "of arms or seeds that the study does not have (any more)"),
            (len(planned) - len(kept), "that confirmed a setting chosen before the search was extended"),
        )
        if n
    ]
    rank = [*schema.STAGES, *spec.every_arm()].index
    ordered = kept.sort_values(
        [schema.STAGE, schema.ARM, schema.NUMBER, schema.SEED],
        key=lambda column: column.map(rank) if column.name in (schema.STAGE, schema.ARM) else column,
        ignore_index=True,
    )
    return ordered, notes


def _planned(trials: pd.DataFrame, spec: Spec) -> "pd.Series[bool]":
    """Which trials are of an arm, and on a seed, that the study has."""
    planned = pd.Series(data=False, index=trials.index)
    for stage in schema.STAGES:
        for arm in spec.arms_of(stage):
            own = (trials[schema.STAGE] == stage) & (trials[schema.ARM] == arm)
            chooses = stage in ("search", "runoff")
            planned |= own if chooses else own & trials[schema.SEED].isin(spec.seeds_of_arm(stage, arm))
    return planned


def _superseded(trials: pd.DataFrame, spec: Spec) -> list[Any]:
    """The rows that confirm another setting than the one confirmed last, of the same search."""
    rows: list[Any] = []
    searches = [schema.ARM, *({schema.SEARCH} & {*trials.columns})]
    for (arm, *_), own in trials[trials[schema.STAGE] == "confirm"].groupby(searches, dropna=False):
        settings = pd.Series([*map(repr, own[[*spec.tune[str(arm)]]].itertuples(index=False))], own.index)
        rows += [*own.index[settings != settings.iloc[-1]]]
    return rows
