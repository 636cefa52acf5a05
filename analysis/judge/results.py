"""From trials to the numbers of a table: samples over seeds, contrasts to the baseline, budgets, what is missing.

An arm is looked at in two ways: as *reported* (the report's setting) and *tuned* (its own best setting, chosen on
validation data and trained anew on fresh seeds: the stage ``confirm``).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.judge import stats
from analysis.read.runs import StudyRuns
from analysis.read.spec import Spec
from studies.engine import schema

WAYS = ("reported", "confirm")
NAMES = {"reported": "as reported", "confirm": "tuned"}
_ENDED = ("completed", "stopped", "diverged")  # outcomes that need no further training
_TENTH = 10  # the last tenth of a training is held against the tenth before


@dataclass(frozen=True)
class Contrast:
    """A difference between two arms over shared seeds (higher is better) and what it shows, within its family.

    None stands for the contrast of two arms that share no seed.
    """

    difference: stats.Estimate
    p: float  # Holm's, of no difference
    p_equal: float  # of a difference of the margin or more
    p_beyond: float  # of a difference of the margin or less
    verdict: str
    likely: float  # n*: seeds that find it, in one comparison with 80 % power, if it is as large as it looks
    needed: float  # the same for a difference of the margin; both are NaN unless undecided


@dataclass(frozen=True)
class Sample:
    """The trials of one arm in one way, seed by seed."""

    trials: pd.DataFrame  # completed ones, by seed
    planned: tuple[int, ...]
    diverged: tuple[int, ...]
    failed: tuple[int, ...]

    @property
    def ended(self) -> int:
        return len(self.trials) + len(self.diverged)

    @property
    def missing(self) -> tuple[int, ...]:
        there = {*self.trials.index, *self.diverged, *self.failed}
        return tuple(seed for seed in self.planned if seed not in there)

    def values(self, metric: str) -> "pd.Series[float]":
        """The metric by seed, without the seeds that have none."""
        if metric == schema.GAP:
            return (self.trials[schema.TRAIN_ACC1] - self.trials[schema.TEST_ACC1]).dropna()
        return self.trials[metric].dropna()

    def mean(self, metric: str) -> stats.Estimate:
        """NaN over 0 seeds where there is nothing to take the mean of."""
        return stats.mean_interval(self.values(metric))


@dataclass(frozen=True)
class Results:
    runs: StudyRuns
    samples: Mapping[str, Mapping[str, Sample]]  # by way, then arm
    contrasts: Mapping[str, Mapping[str, Contrast | None]]  # by way, then arm: test accuracy against the baseline's

    @property
    def spec(self) -> Spec:
        return self.runs.spec

    @cached_property
    def history(self) -> pd.DataFrame:
        """The metrics of the reported and confirming trials, a row an epoch."""
        return self.runs.curves(self.runs.trials[self.runs.trials[schema.STAGE].isin(WAYS)])

    def ways(self) -> list[str]:
        """The ways of which any trial has ended."""
        return [way for way in WAYS if any(s.ended or s.failed for s in self.samples[way].values())]

    def search(self, arm: str) -> pd.DataFrame:
        """The search trials that ended; only a stopped one can have metrics of later epochs than it is judged by."""
        trials = self.runs.trials
        ended = trials[schema.OUTCOME].isin(_ENDED)
        return trials[(trials[schema.STAGE] == "search") & (trials[schema.ARM] == arm) & ended]

    def validation_means(self, way: str) -> dict[str, stats.Estimate]:
        """The validation accuracy of the arms that have one and never diverged."""
        steady = {arm: sample for arm, sample in self.samples[way].items() if not sample.diverged}
        return {arm: mean for arm, sample in steady.items() if (mean := sample.mean(schema.CHOSEN_BY)).n}

    def chosen_arm(self, way: str) -> str | None:
        """The best by validation accuracy, once all have as many seeds; the test set takes no part in it."""
        means = self.validation_means(way)
        even = len({mean.n for mean in means.values()}) == 1
        return max(means, key=lambda arm: means[arm].mean) if even else None

    def setting(self, arm: str) -> dict[str, Any]:
        """The tuned fields as they were chosen for an arm; empty while nothing is chosen."""
        confirmed = self.samples["confirm"][arm].trials
        return {} if confirmed.empty else {name: confirmed[name].iloc[0] for name in self.spec.tune[arm]}

    def cost(self, arm: str) -> dict[str, int]:
        """What an arm took, all stages together; of a reported arm and of a tuned arm of that name."""
        trials = self.runs.trials
        own = trials[(trials[schema.ARM] == arm) & trials[schema.OUTCOME].notna()]
        ends = {outcome: int((own[schema.OUTCOME] == outcome).sum()) for outcome in ("stopped", "diverged")}
        return {
            "trials": len(own), "searched": len(self.search(arm)), **ends, "epochs": int(own[schema.EPOCHS_DONE].sum())
        }  # fmt: skip

    def unequal_searches(self, arms: Iterable[str]) -> dict[str, int]:
        """The search trials by arm where some had more than others; those that tried every setting had enough."""
        searches = {arm: len(self.search(arm)) for arm in arms}
        open_ended = {n for arm, n in searches.items() if self.spec.search_of(arm) == self.spec.trials_per_arm}
        return searches if len(open_ended) > 1 else {}

    def seconds(self, sample: Sample) -> stats.Estimate:
        """Seconds an epoch: each trial's median epoch, then the mean over seeds."""
        return stats.mean_interval(self.curves(sample, schema.SECONDS).median().dropna())

    def curves(self, sample: Sample, metric: str) -> pd.DataFrame:
        """The metric by epoch (or step) and seed."""
        if metric in schema.STEP_METRICS:
            steps = self.runs.steps(sample.trials)
            own, at, value = steps[steps["metric"] == metric], "step", "value"
        else:
            own, at, value = self.history, "epoch", metric
        own = own[own[schema.SIGNATURE].isin(sample.trials[schema.SIGNATURE])]
        table = own.pivot(index=at, columns=schema.SIGNATURE, values=value).dropna(how="all")
        return table.reindex(columns=[*sample.trials[schema.SIGNATURE]]).set_axis(sample.trials.index, axis=1)

    def half_learned(self, sample: Sample) -> str:
        """``2 of 3`` where only some seeds have come above chance: a mean over both kinds describes neither."""
        tests = sample.values(schema.JUDGED_BY)
        learned = int((tests > self.spec.learned).sum())
        return f"{learned} of {len(tests)}" if 0 < learned < len(tests) else ""

    def late_gain(self, sample: Sample) -> float:
        """Points of accuracy won in the last tenth of the epochs, on validation data if there are any; NaN: unknown."""
        for metric in (schema.VAL_ACC1, schema.TRAIN_ACC1):
            curve = self.curves(sample, metric).mean(axis=1).to_numpy()
            length = max(1, len(curve) // _TENTH)
            if len(curve) >= 2 * length:
                return float(curve[-length:].mean() - curve[-2 * length : -length].mean())
        return math.nan


def results(runs: StudyRuns) -> Results:
    spec = runs.spec
    samples = {way: {arm: _sample(runs.trials, spec, way, arm) for arm in spec.arms_of(way)} for way in WAYS}
    compared = {way: None if spec.is_smoke else spec.baseline_of(way) for way in WAYS}
    return Results(runs, samples, {way: _to_baseline(samples[way], compared[way], spec) for way in WAYS})


def judged(differences: Sequence[stats.Estimate | None], margins: Sequence[float]) -> list[Contrast | None]:
    """A family of differences with their margins; a margin of 0 means that none is too small to matter."""
    known = list(zip(differences, margins, strict=True))
    ps = stats.holm([math.nan if d is None else d.p for d, _ in known])
    equal = stats.holm([math.nan if d is None else stats.equivalence_p(d, margin) for d, margin in known])
    beyond = stats.holm([math.nan if d is None else stats.beyond_p(d, margin) for d, margin in known])
    return [
        None if d is None else _contrast(d, margin, float(p), float(p_equal), float(p_beyond))
        for (d, margin), p, p_equal, p_beyond in zip(known, ps, equal, beyond, strict=True)
    ]


def paired(a: "pd.Series[float]", b: "pd.Series[float]", resolution: float = 0.0) -> stats.Estimate | None:
    """``a - b`` for values by seed, over the seeds that both have."""
    both = pd.concat([a, b], axis=1, join="inner").to_numpy()
    return stats.paired_difference(both[:, 0], both[:, 1], resolution) if len(both) else None


def _contrast(d: stats.Estimate, margin: float, p: float, p_equal: float, p_beyond: float) -> Contrast:
    verdict = stats.verdict(d, p, p_equal)
    if verdict != stats.UNDECIDED:
        return Contrast(d, p, p_equal, p_beyond, verdict, math.nan, math.nan)
    likely = stats.seeds_to_decide(d, max(abs(d.mean), margin))
    needed = stats.seeds_to_decide(d, margin) if margin else likely
    return Contrast(d, p, p_equal, p_beyond, verdict, likely, needed)


def _to_baseline(samples: Mapping[str, Sample], baseline: str | None, spec: Spec) -> dict[str, Contrast | None]:
    """Every other arm against the baseline, corrected for there being several."""
    if baseline is None or baseline not in samples:
        return {}
    test = {arm: sample.values(schema.JUDGED_BY) for arm, sample in samples.items()}
    pairs = {arm: paired(own, test[baseline], spec.resolution) for arm, own in test.items() if arm != baseline}
    return dict(zip(pairs, judged(list(pairs.values()), [spec.margin] * len(pairs)), strict=True))


def _sample(trials: pd.DataFrame, spec: Spec, way: str, arm: str) -> Sample:
    own = trials[(trials[schema.STAGE] == way) & (trials[schema.ARM] == arm)]
    own = own.set_index(own[schema.SEED].astype(int)).sort_index()
    seeds = {outcome: tuple(map(int, own.index[own[schema.OUTCOME] == outcome])) for outcome in schema.OUTCOMES}
    completed = own[own[schema.OUTCOME] == "completed"]
    return Sample(completed, spec.seeds_of(way, arm), seeds["diverged"], seeds["failed"])
