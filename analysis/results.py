"""From trials to the numbers of a table: samples over seeds, contrasts to the baseline, budgets, what is missing.

An arm is looked at in two ways: as *reported* (the report's setting) and *tuned* (its own best setting, chosen on
validation data and trained anew on fresh seeds: the stage ``confirm``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import stats
from analysis.contrasts import Contrast, judged, paired
from analysis.runs import StudyRuns
from analysis.spec import Spec
from studies.engine import schema

GAP = "gap"  # train accuracy minus test accuracy
WAYS = ("reported", "confirm")
NAMES = {"reported": "as reported", "confirm": "tuned"}
ENDED = ("completed", "stopped", "diverged")  # outcomes that need no further training
_TENTH = 10  # the last tenth of a training is held against the tenth before


@dataclass(frozen=True)
class Sample:
    """The trials of one arm in one way, seed by seed."""

    arm: str
    trials: pd.DataFrame  # completed ones, by seed
    planned: tuple[int, ...]
    diverged: tuple[int, ...]
    failed: tuple[int, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        there = {*self.trials.index, *self.diverged, *self.failed}
        return tuple(seed for seed in self.planned if seed not in there)

    def values(self, metric: str) -> "pd.Series[float]":
        """The metric by seed, without the seeds that have none."""
        if metric == GAP:
            return (self.trials[schema.TRAIN_ACC1] - self.trials[schema.TEST_ACC1]).dropna()
        return self.trials[metric].dropna()

    def mean(self, metric: str) -> stats.Interval | None:
        values = self.values(metric)
        return stats.mean_interval(values) if len(values) else None


@dataclass(frozen=True)
class Cost:
    """What an arm took, all stages together but for the seconds, which are of one epoch as reported."""

    trials: int
    epochs: int
    searched: int
    stopped: int
    diverged: int
    failed: int


@dataclass(frozen=True)
class Results:
    runs: StudyRuns
    samples: Mapping[str, Mapping[str, Sample]]  # by way, then arm
    contrasts: Mapping[str, Mapping[str, Contrast]]  # by way, then arm: test accuracy against the baseline's
    history: pd.DataFrame  # run, metric, epoch, value of the reported and confirming trials

    @property
    def spec(self) -> Spec:
        return self.runs.spec

    def ways(self) -> list[str]:
        """The ways of which any trial stands in the store."""
        return [way for way in WAYS if any(len(s.trials) or s.diverged or s.failed for s in self.samples[way].values())]

    def search(self, arm: str) -> pd.DataFrame:
        trials = self.runs.trials
        return trials[(trials[schema.STAGE] == "search") & (trials[schema.ARM] == arm)]

    def chosen_arm(self, way: str) -> str | None:
        """The arm with the best validation accuracy: the test set takes no part in a choice."""
        means = {arm: sample.mean(schema.CHOSEN_BY) for arm, sample in self.samples[way].items()}
        known = {arm: mean.mean for arm, mean in means.items() if mean is not None}
        return max(known, key=lambda arm: known[arm]) if known else None

    def setting(self, arm: str) -> dict[str, Any]:
        """The tuned fields as they were chosen for an arm; empty while nothing is chosen."""
        confirmed = self.samples["confirm"][arm].trials if arm in self.samples["confirm"] else None
        if confirmed is None or confirmed.empty:
            return {}
        return {name: confirmed[name].iloc[0] for name in self.spec.tune.get(arm, {}) if name in confirmed}

    def cost(self, arm: str) -> Cost:
        """Of a reported arm and of a tuned arm of that name."""
        of = self.runs.trials[self.runs.trials[schema.ARM] == arm]
        counts = of[schema.OUTCOME].value_counts()
        return Cost(
            trials=int(of[schema.OUTCOME].notna().sum()),
            epochs=int(of[schema.EPOCHS_DONE].fillna(0).sum()),
            searched=int((of[schema.OUTCOME].isin(ENDED) & (of[schema.STAGE] == "search")).sum()),
            stopped=int(counts.get("stopped", 0)),
            diverged=int(counts.get("diverged", 0)),
            failed=int(counts.get("failed", 0)),
        )

    def seconds(self, sample: Sample) -> stats.Interval | None:
        """Seconds an epoch: each trial's median epoch, then the mean over seeds."""
        epochs = self.epochs(sample, schema.SECONDS)
        medians = epochs.groupby("run", observed=True)["value"].median().dropna()
        return stats.mean_interval(medians) if len(medians) else None

    def epochs(self, sample: Sample, metric: str) -> pd.DataFrame:
        return self.history[(self.history["metric"] == metric) & self.history["run"].isin(sample.trials["run"])]

    def late_gain(self, sample: Sample) -> float:
        """Points of accuracy won in the last tenth of the epochs, on validation data if there are any; NaN: unknown."""
        for metric in (schema.VAL_ACC1, schema.TRAIN_ACC1):
            table = self.epochs(sample, metric).pivot_table("value", "epoch", aggfunc="mean", observed=True)
            length = max(1, len(table) // _TENTH)
            if len(table) >= 2 * length and len(table) > 1:
                curve = table["value"].to_numpy()
                return float(curve[-length:].mean() - curve[-2 * length : -length].mean())
        return math.nan


def results(runs: StudyRuns) -> Results:
    spec = runs.spec
    samples = {way: {arm: sample(runs.trials, spec, way, arm) for arm in spec.arms_of(way)} for way in WAYS}
    contrasts = {way: _to_baseline(samples[way], spec.baseline_of(way), spec) for way in WAYS}
    tested = runs.trials[runs.trials[schema.STAGE].isin(WAYS)]
    history = runs.histories(tested, (schema.VAL_ACC1, schema.TRAIN_ACC1, schema.SECONDS))
    return Results(runs, samples, contrasts, history)


def _to_baseline(samples: Mapping[str, Sample], baseline: str | None, spec: Spec) -> dict[str, Contrast]:
    """Every other arm against the baseline, corrected for there being several."""
    if baseline is None or baseline not in samples:
        return {}
    base = samples[baseline].values(schema.JUDGED_BY)
    arms = [arm for arm in samples if arm != baseline]
    pairs = [paired(samples[arm].values(schema.JUDGED_BY), base, spec.resolution) for arm in arms]
    return dict(zip(arms, judged(pairs, [spec.margin] * len(arms)), strict=True))


def sample(trials: pd.DataFrame, spec: Spec, way: str, arm: str) -> Sample:
    own = trials[(trials[schema.STAGE] == way) & (trials[schema.ARM] == arm)]
    by_outcome = {outcome: own[own[schema.OUTCOME] == outcome] for outcome in schema.OUTCOMES}
    completed = by_outcome["completed"]
    return Sample(
        arm,
        completed.set_index(completed[schema.SEED].astype(int)).sort_index(),
        spec.seeds_of(way),
        _seeds(by_outcome["diverged"]),
        _seeds(by_outcome["failed"]),
    )


def _seeds(trials: pd.DataFrame) -> tuple[int, ...]:
    return tuple(sorted(int(seed) for seed in trials[schema.SEED]))
