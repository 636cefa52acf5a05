"""A study as the book has it: its spec, a frame of its trials, and their curves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.read.book import Book, Row
from analysis.read.frames import epochs_frame, steps_frame, trials_frame
from analysis.read.kept.predictions import Predictions, TestSet, images_frame
from analysis.read.spec import JUDGED_STAGES, Spec
from analysis.words import count
from studies.engine import schema

_WHICH = [schema.STAGE, schema.ARM, schema.SEARCH, schema.NUMBER, schema.SEED]  # what tells a trial from the others


@dataclass(frozen=True)
class StudyRuns:
    """One study at one scale. ``trials`` has one row per trial that ended; `analysis.read.frames` lists its columns."""

    spec: Spec
    trials: pd.DataFrame
    notes: tuple[str, ...]
    book: Book

    @cached_property
    def history(self) -> pd.DataFrame:
        """The metrics of the reported and confirming trials, a row an epoch."""
        return self.curves(self.trials[self.trials[schema.STAGE].isin(JUDGED_STAGES)])

    def curves(self, trials: pd.DataFrame) -> pd.DataFrame:
        """The metrics of these trials by epoch, up to the last epoch that counts."""
        last = dict(zip(trials[schema.SIGNATURE], trials[schema.EPOCHS_DONE], strict=True))
        return epochs_frame(self._epochs(trials), last)

    def steps(self, trials: pd.DataFrame) -> pd.DataFrame:
        """The values that these trials recorded at single training steps; only loss landscapes do."""
        return steps_frame(self._epochs(trials))

    def test_set(self, digest: str) -> TestSet | None:
        return self.book.test_set(self.spec.name, self.spec.scale, digest)

    def predictions(self, trials: pd.DataFrame) -> dict[str, Predictions]:
        """What these trials' networks say of each test image, by signature; without the trials that have not kept it."""
        found = {signature: self.book.predictions(signature) for signature in trials[schema.SIGNATURE]}
        return {signature: own for signature, own in found.items() if own is not None}

    def said(self, trials: pd.DataFrame) -> pd.DataFrame:
        """What these trials' networks say, a row a test image; without the trials of which that is not known."""
        digests = dict(zip(trials[schema.SIGNATURE], trials[schema.DATASET_DIGEST], strict=True))
        tests = {digest: self.test_set(str(digest)) for digest in set(digests.values())}
        known = self.predictions(trials)
        return images_frame({s: (test, own) for s, own in known.items() if (test := tests[digests[s]])})

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
    latest = trials.drop_duplicates(_WHICH, keep="last")
    planned = latest[_planned(latest, spec)]
    kept = planned.drop(index=_superseded(planned, spec))
    left_out = {
        "of arms or seeds that the study does not have (any more)": len(latest) - len(planned),
        "that confirmed a setting chosen before the search was extended": len(planned) - len(kept),
    }
    notes = [f"Left out: {count(n, 'trial')} {why}." for why, n in left_out.items() if n]
    rank = [*schema.STAGES, *spec.every_arm()].index
    ordered = kept.sort_values(
        _WHICH,
        key=lambda column: column.map(rank) if column.name in (schema.STAGE, schema.ARM) else column,
        ignore_index=True,
    )
    return ordered, notes


def _planned(trials: pd.DataFrame, spec: Spec) -> "pd.Series[bool]":
    """Which trials are of an arm, and on a seed, that the study has; a search chooses its seeds itself."""
    whose = zip(trials[schema.STAGE], trials[schema.ARM], trials[schema.SEED], strict=True)
    seeds = {(stage, arm): {*spec.seeds_of(stage, arm)} for stage in JUDGED_STAGES for arm in spec.arms_of(stage)}
    planned = [
        seed in seeds.get((stage, arm), ()) if stage in JUDGED_STAGES else arm in spec.tuned_arms
        for stage, arm, seed in whose
    ]
    return pd.Series(planned, trials.index, dtype=bool)


def _superseded(trials: pd.DataFrame, spec: Spec) -> list[Any]:
    """The rows that confirm another setting than the one that their search chose last."""
    rows: list[Any] = []
    confirmed = trials[trials[schema.STAGE] == "confirm"]
    for (arm, _), own in confirmed.groupby([schema.ARM, schema.SEARCH], dropna=False):
        settings = pd.Series([*map(repr, own[[*spec.tune[str(arm)]]].itertuples(index=False))], own.index)
        rows += [*own.index[settings != settings.iloc[-1]]]
    return rows
