"""From trials to the numbers of a table: samples over seeds, curves, costs, what is missing."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, TypeVar

import pandas as pd

from analysis.judge import stats
from analysis.judge.images.seen import Seen, seen
from analysis.read.runs import StudyRuns
from analysis.read.spec import JUDGED_STAGES, Spec
from analysis.words import count
from studies.engine import schema

Figures = TypeVar("Figures", "pd.Series[float]", pd.DataFrame)  # a row a seed
_TENTH = 10  # the last tenth of a training is held against the tenth before


@dataclass(frozen=True)
class Sample:
    """The trials of one arm in one stage, seed by seed."""

    trials: pd.DataFrame  # completed ones, by seed
    planned: tuple[int, ...]
    diverged: tuple[int, ...]
    failed: tuple[int, ...]
    starts: tuple[int, ...]  # the first seed of each search; one seed where the search was not repeated

    @property
    def ended(self) -> int:
        return len(self.trials) + len(self.diverged)

    @property
    def units(self) -> int:
        """How many independent values are planned: seeds or, where searches are repeated, searches."""
        return len(self.starts) if len(self.starts) > 1 else len(self.planned)

    def independent(self, seeds: Iterable[int]) -> set[int]:
        """Those of the seeds that ended; where searches were repeated the first of each: its seeds share a setting."""
        ended = {*seeds} & {*self.trials.index, *self.diverged}
        if len(self.starts) < 2:
            return ended
        return {*{bisect_right(self.starts, seed): seed for seed in sorted(ended, reverse=True)}.values()}

    def finished(self, seeds: Iterable[int]) -> tuple[int, int]:
        """On how many independent seeds of these it was trained to the end, and on how many it ended at all."""
        among = self.independent(seeds)
        return len(among & {*self.trials.index}), len(among)

    @property
    def there(self) -> set[int]:
        """The seeds that need no further training."""
        return {*self.trials.index, *self.diverged, *self.failed}

    @property
    def missing(self) -> tuple[int, ...]:
        there = self.there
        return tuple(seed for seed in self.planned if seed not in there)

    def values(self, metric: str) -> "pd.Series[float]":
        """The metric by seed, without the seeds that have none."""
        if metric == schema.GAP:
            return (self.trials[schema.TRAIN_ACC1] - self.trials[schema.TEST_ACC1]).dropna()
        return self.trials[metric].dropna()

    def mean(self, metric: str) -> stats.Estimate:
        """The mean over seeds; NaN over 0 seeds where no seed has the metric."""
        return stats.mean_interval(self.by_unit(self.values(metric)))

    def by_unit(self, by_seed: Figures) -> Figures:
        """The independent values: one a seed or, where searches were repeated, the mean over the seeds of each search."""
        if len(self.starts) < 2:
            return by_seed
        return by_seed.groupby(lambda seed: bisect_right(self.starts, seed)).mean()


def less(by_arm: Mapping[str, Figures], plus: Sequence[str], minus: Sequence[str]) -> Figures:
    """The figures of some arms together less those of others, over the seeds that all of them have."""
    seeds = reduce(pd.Index.intersection, (by_arm[arm].index for arm in (*plus, *minus)))
    known: dict[str, Any] = {arm: by_arm[arm].loc[seeds] for arm in (*plus, *minus)}
    difference: Figures = sum(known[arm] for arm in plus) - sum(known[arm] for arm in minus)
    return difference


@dataclass(frozen=True)
class Results:
    """The trials of a study as samples."""

    runs: StudyRuns
    samples: Mapping[str, Mapping[str, Sample]]  # by stage, then arm

    @property
    def spec(self) -> Spec:
        return self.runs.spec

    @cached_property
    def seen(self) -> Mapping[str, Seen]:
        return {
            stage: seen(self.runs, {arm: sample.trials for arm, sample in samples.items()})
            for stage, samples in self.samples.items()
        }

    def stages(self) -> list[str]:
        """The judged stages in which any trial has ended."""
        return [stage for stage in JUDGED_STAGES if any(s.ended or s.failed for s in self.samples[stage].values())]

    def looks(self, stage: str, arms: Iterable[str]) -> dict[int, list[int]]:
        """The seeds of each declared look at which all these arms have ended on all of them; with several searches, so many of each."""
        there = set.intersection(*(self.samples[stage][arm].there for arm in arms))
        starts = self.spec.first_seeds_of(stage)
        seeds = {look: [start + i for start in starts for i in range(look)] for look in self.spec.shares}
        return {look: own for look, own in seeds.items() if there.issuperset(own)}

    def search(self, arm: str) -> pd.DataFrame:
        """The search trials that ended; only a stopped one can have metrics of later epochs than it is judged by."""
        return self._searched[self._searched[schema.ARM] == arm]

    @cached_property
    def _searched(self) -> pd.DataFrame:
        trials = self.runs.trials
        return trials[(trials[schema.STAGE] == "search") & (trials[schema.OUTCOME] != "failed")]

    def figures(self, stage: str, metric: str) -> pd.DataFrame:
        """A metric by arm and seed (or search), of the arms that never diverged and the seeds that all of them have."""
        steady = {arm: sample for arm, sample in self.samples[stage].items() if not sample.diverged}
        known = {arm: found for arm, s in steady.items() if not (found := s.by_unit(s.values(metric))).empty}
        return pd.concat(known, axis=1, join="inner").T if known else pd.DataFrame()

    def chosen_arm(self, stage: str) -> str | None:
        """The best by validation accuracy, once all arms are trained; the test set takes no part in it."""
        means = self.figures(stage, schema.CHOSEN_BY).mean(axis=1).dropna()
        missing = any(sample.missing for sample in self.samples[stage].values())
        return None if missing or means.empty else str(means.idxmax())

    def chosen_figure(self, stage: str) -> stats.Estimate:
        """The test accuracy of the best arm: on each seed, that of the arm which all other seeds choose. A figure that is
        chosen and shown on the same seeds looks better than it is."""
        validation, test = (self.figures(stage, metric) for metric in (schema.CHOSEN_BY, schema.JUDGED_BY))
        if min(validation.shape) < 2 or not validation.index.equals(test.index):
            return stats.mean_interval([])
        both = validation.columns.intersection(test.columns)
        return stats.mean_interval(stats.by_choice_of_the_others(validation[both].to_numpy(), test[both].to_numpy()))

    def setting(self, arm: str) -> dict[str, Any]:
        """The tuned fields as they were chosen for an arm; empty while nothing is chosen."""
        confirmed = self.samples["confirm"][arm].trials
        return {} if confirmed.empty else {name: confirmed[name].iloc[0] for name in self.spec.tune[arm]}

    def cost(self, arm: str) -> dict[str, int]:
        """What an arm took in all stages together; a reported and a tuned arm of the same name are one."""
        trials = self.runs.trials
        own = trials[trials[schema.ARM] == arm]
        ends = {outcome: int((own[schema.OUTCOME] == outcome).sum()) for outcome in ("stopped", "diverged")}
        return {
            "trials": len(own), "searched": len(self.search(arm)), **ends, "epochs": int(own[schema.EPOCHS_DONE].sum())
        }  # fmt: skip

    def unequal_searches(self, arms: Iterable[str]) -> str:
        """``relu 4 trials, mish 1 trial`` where some had more than others; those that tried every setting had enough."""
        searches = {arm: len(self.search(arm)) for arm in arms}
        open_ended = {n for arm, n in searches.items() if self.spec.search_of(arm) == self.spec.trials_per_arm}
        by_arm = ", ".join(f"{arm} {count(n, 'trial')}" for arm, n in searches.items())
        return by_arm if len(open_ended) > 1 else ""

    def seconds(self, sample: Sample) -> stats.Estimate:
        """Seconds an epoch: each trial's median epoch, then the mean over seeds."""
        return stats.mean_interval(self.curves(sample, schema.SECONDS).median().dropna())

    def curves(self, sample: Sample, metric: str) -> pd.DataFrame:
        """The metric by epoch (or step) and seed."""
        if metric in schema.STEP_METRICS:
            steps = self.runs.steps(sample.trials)
            own, at, value = steps[steps["metric"] == metric], "step", "value"
        else:
            own, at, value = self.runs.history, "epoch", metric
        own = own[own[schema.SIGNATURE].isin(sample.trials[schema.SIGNATURE])]
        table = own.pivot(index=at, columns=schema.SIGNATURE, values=value).dropna(how="all")
        return table.reindex(columns=[*sample.trials[schema.SIGNATURE]]).set_axis(sample.trials.index, axis=1)

    def trained(self, sample: Sample) -> tuple[int, int]:
        """On how many independent seeds an arm learned, and on how many it ended; one that diverged has not learned."""
        tests, among = sample.values(schema.JUDGED_BY), sample.independent(sample.planned)
        return len({*tests.index[tests > self.spec.learned]} & among), len(among)

    def late_gain(self, sample: Sample) -> float:
        """Points of accuracy won in the last tenth of the epochs, on validation data if there are any; NaN: unknown."""
        for metric in (schema.VAL_ACC1, schema.TRAIN_ACC1):
            curve = self.curves(sample, metric).mean(axis=1).to_numpy()
            length = max(1, len(curve) // _TENTH)
            if len(curve) >= 2 * length:
                return float(curve[-length:].mean() - curve[-2 * length : -length].mean())
        return math.nan


def results_of(runs: StudyRuns) -> Results:
    """The trials of a study, by stage and arm."""
    by_arm = {(stage, arm): own for (stage, arm), own in runs.trials.groupby([schema.STAGE, schema.ARM])}
    none = runs.trials.iloc[:0]
    samples = {
        stage: {arm: _sample(by_arm.get((stage, arm), none), runs.spec, stage, arm) for arm in runs.spec.arms_of(stage)}
        for stage in JUDGED_STAGES
    }
    return Results(runs, samples)


def _sample(own: pd.DataFrame, spec: Spec, stage: str, arm: str) -> Sample:
    own = own.set_index(own[schema.SEED].astype(int)).sort_index()
    outcome = own[schema.OUTCOME].to_numpy(dtype=object)  # pandas compares texts ten times as slowly
    diverged, failed = (tuple(own.index[outcome == end].tolist()) for end in ("diverged", "failed"))
    return Sample(own[outcome == "completed"], spec.seeds_of(stage, arm), diverged, failed, spec.first_seeds_of(stage))
