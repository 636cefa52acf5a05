"""From trials to the numbers of a table: samples over seeds, contrasts to the baseline, budgets, what is missing.

An arm is looked at in two ways: as *reported* (the report's setting) and *tuned* (its own best setting, chosen on
validation data and trained anew on fresh seeds: the stage ``confirm``).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis import stats
from analysis.runs import StudyRuns
from analysis.spec import Spec
from analysis.words import short
from studies.engine import schema

GAP = "gap"  # train accuracy minus test accuracy
WAYS = ("reported", "confirm")
NAMES = {"reported": "as reported", "confirm": "tuned"}
ENDED = ("completed", "stopped", "diverged")  # outcomes that need no further training
_SEPARATOR = " · "  # between the labels of a grid's arm
_TENTH = 10  # the last tenth of a training is held against the tenth before
EDGE = 0.05  # a chosen value in the outer twentieth of its range lies at its edge


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
class Contrast:
    """One arm against another in one metric; p-values are Holm's over the family it was tested in."""

    arm: str
    than: str
    difference: stats.Difference | None  # None: no seed has both
    p: float = math.nan
    p_equal: float = math.nan
    verdict: str = stats.UNDECIDED
    needed: float = math.nan  # n*, where undecided


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
    contrasts: Mapping[str, Mapping[str, Contrast]]  # to the baseline, in test accuracy
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
        """Points of accuracy won in the last tenth of the epochs, on validation data where there are any; NaN if unknown."""
        for metric in (schema.VAL_ACC1, schema.TRAIN_ACC1):
            table = self.epochs(sample, metric).pivot_table(
                index="epoch", values="value", aggfunc="mean", observed=True
            )
            length = max(1, len(table) // _TENTH)
            if len(table) >= 2 * length and len(table) > 1:
                curve = table["value"].to_numpy()
                return float(curve[-length:].mean() - curve[-2 * length : -length].mean())
        return math.nan


def results(runs: StudyRuns) -> Results:
    spec = runs.spec
    samples = {way: {arm: sample(runs.trials, spec, way, arm) for arm in spec.arms_of(way)} for way in WAYS}
    contrasts = {}
    for way in WAYS:
        baseline = spec.baseline_of(way)
        pairs = [(arm, baseline) for arm in samples[way] if arm != baseline and baseline in samples[way]]
        judged = judge(samples[way], pairs, schema.JUDGED_BY, spec)
        contrasts[way] = {contrast.arm: contrast for contrast in judged}
    tested = runs.trials[runs.trials[schema.STAGE].isin(WAYS)]
    history = runs.histories(tested, (schema.VAL_ACC1, schema.TRAIN_ACC1, schema.SECONDS))
    return Results(runs, samples, contrasts, history)


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


def judge(
    samples: Mapping[str, Sample], pairs: Sequence[tuple[str, str | None]], metric: str, spec: Spec
) -> list[Contrast]:
    """Each pair as a contrast, higher being better, Holm-corrected over all of them."""
    differences = [paired(samples[a], samples[str(b)], metric, spec) for a, b in pairs]
    verdicts = judged(differences, spec.margin)
    return [Contrast(a, str(b), d, *v) for (a, b), d, v in zip(pairs, differences, verdicts, strict=True)]


def judged(differences: Sequence[stats.Difference | None], margin: float) -> list[tuple[float, float, str, float]]:
    """Corrected p, corrected p of equivalence, verdict and n* for a family of differences; None could not be tested."""
    ps = stats.holm([math.nan if d is None else d.p for d in differences])
    equal = stats.holm([math.nan if d is None else stats.equivalence_p(d, margin) for d in differences])
    out = []
    for d, p, p_equal in zip(differences, ps, equal, strict=True):
        word = stats.UNDECIDED if d is None else stats.verdict(d, p, p_equal)
        needed = stats.seeds_to_decide(d, margin) if d is not None and word == stats.UNDECIDED else math.nan
        out.append((float(p), float(p_equal), word, needed))
    return out


def paired(a: Sample, b: Sample, metric: str, spec: Spec) -> stats.Difference | None:
    """``a - b`` over the seeds that both have."""
    both = pd.concat([a.values(metric), b.values(metric)], axis=1, join="inner").to_numpy()
    resolution = spec.resolution if metric == schema.JUDGED_BY else 0.0
    return stats.paired_difference(both[:, 0], both[:, 1], resolution) if len(both) else None


def at_edge(value: Any, space: Mapping[str, Any]) -> bool:
    """Does a chosen value lie at the end of what was searched? The best one may then lie outside."""
    if "choices" in space:
        numbers = sorted(v for v in space["choices"] if isinstance(v, int | float) and not isinstance(v, bool))
        return len(numbers) == len(space["choices"]) > 2 and value in (numbers[0], numbers[-1])
    low, high = float(space["low"]), float(space["high"])
    scale = np.log if space.get("log") else float
    share = float((scale(float(value)) - scale(low)) / (scale(high) - scale(low))) if high > low else 0.5
    return not EDGE <= share <= 1 - EDGE


def grid(spec: Spec) -> dict[tuple[Any, Any], str] | None:
    """The arms of a study with two factors, by (row value, column value); None where its table has a row an arm."""
    if not spec.table:
        return None
    row, column = spec.table["rows"], spec.table["columns"]
    cells = {(fixed(fields.get(row)), fixed(fields.get(column))): arm for arm, fields in spec.arms.items()}
    return cells if len(cells) == len(spec.arms) else None


def interaction(results: Results, cells: Mapping[tuple[Any, Any], str]) -> stats.Interaction | None:
    """Do the two factors of the grid interact, as reported? None where cells or seeds are missing."""
    rows, columns = axis(cells, 0), axis(cells, 1)
    if len(rows) < 2 or len(columns) < 2 or len(cells) < len(rows) * len(columns):
        return None
    samples = [results.samples["reported"][cells[r, c]].values(schema.JUDGED_BY) for r in rows for c in columns]
    shared = pd.concat(samples, axis=1, join="inner").to_numpy()
    if len(shared) < 2:
        return None
    return stats.two_way_interaction(shared.T.reshape(len(rows), len(columns), -1))


def axis(cells: Iterable[tuple[Any, Any]], which: int) -> list[Any]:
    """The values of one factor, in the order of the arms."""
    return list(dict.fromkeys(cell[which] for cell in cells))


def label(spec: Spec, factor: str, value: Any) -> str:
    """What the arms call a value of a factor: the part of their name that stands for it (`bn` of `bn · lr 2e-3`)."""
    for arm, fields in spec.arms.items():
        parts = arm.split(_SEPARATOR)
        if factor in fields and fixed(fields[factor]) == value and len(parts) == len(fields):
            return parts[list(fields).index(factor)]
    return f"{factor} {short(value)}"


def fixed(value: Any) -> Any:
    """A value that can be a key: JSON made tuples lists."""
    return tuple(value) if isinstance(value, list) else value


def _seeds(trials: pd.DataFrame) -> tuple[int, ...]:
    return tuple(sorted(int(seed) for seed in trials[schema.SEED]))
