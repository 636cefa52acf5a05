"""What the trials say about one assertion: the difference that they show, and how surely, at each look."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import pandas as pd

from analysis.judge import stats
from analysis.judge.correction import Tails, least
from analysis.judge.results import Results, Sample, less
from studies.engine import schema
from studies.engine.study.assertions import (
    ACCURACIES,
    HIGHER_IS_BETTER,
    Above,
    Assertion,
    Mixed,
    Narrower,
    Share,
    Within,
    may_be_equal,
)

RARE = 0.1  # of all seeds: what happens on fewer is not called unstable


class Question(NamedTuple):
    """Do all these assertions hold, in one stage and for one metric, at the end or after a share of the epochs?"""

    stage: str
    metric: str
    at: float | None
    said: tuple[Assertion, ...]

    def parts(self) -> "list[Question]":
        """Each assertion as a question of its own."""
        return [self._replace(said=(one,)) for one in self.said]


@dataclass(frozen=True)
class Evidence:
    """A difference or, of each arm, how often it trained; and the p of each answer at each look."""

    difference: stats.Estimate = field(default_factory=lambda: stats.mean_interval([]))
    by_look: Mapping[int, Tails] = field(default_factory=dict)
    lost: Sequence[str] = ()  # arms that diverged on some seeds, so that the others do not speak for all
    trained: Sequence[tuple[str, int, int]] = ()  # arm, seeds that came above the accuracy, seeds that ended

    @property
    def one_sided(self) -> bool:
        """Whether it can be shown to be wrong but never to hold, as the seeds left of an arm that diverged are its best."""
        return bool(self.lost) and math.isnan(self.latest.above)

    @property
    def latest(self) -> Tails:
        """The p of each answer at the latest look, of this assertion by itself."""
        return self.by_look[max(self.by_look)] if self.by_look else Tails()


def evidence(results: Results, asked: Question) -> Evidence:
    """What the trials say about a question with one assertion."""
    (said,) = asked.said
    return _counted(results, asked, said) if isinstance(said, Share | Mixed) else _compared(results, asked, said)


def value_at(metric: str, at: float | None) -> str:
    """The metric that is read: before the end there are only training and validation figures."""
    return metric.replace("test/", "val/") if at is not None else metric


def _figures(results: Results, asked: Question, arm: str) -> "pd.Series[float]":
    """The metric of a question by seed; a metric by step is its mean over the steps."""
    sample, metric = results.samples[asked.stage][arm], value_at(asked.metric, asked.at)
    if asked.at is None and metric in (schema.FLUCTUATION, schema.LATE_GAIN):
        by_seed = results.curves(sample, schema.VAL_ACC1)
        quarter, half = max(1, len(by_seed) // 4), (len(by_seed) + 1) // 2
        if metric == schema.FLUCTUATION:
            return by_seed.diff().abs().iloc[half:].mean().dropna()
        return (by_seed.iloc[-quarter:].mean() - by_seed.iloc[-2 * quarter : -quarter].mean()).dropna()
    if asked.at is None and metric not in (schema.SECONDS, *schema.STEP_METRICS):
        return sample.values(metric)
    by_seed = results.curves(sample, metric)
    if asked.at is not None:
        return by_seed.reindex([max(1, round(asked.at * len(by_seed)))]).iloc[0].dropna()
    return (by_seed.median() if metric == schema.SECONDS else by_seed.mean()).dropna()


def _compared(results: Results, asked: Question, said: Above | Within | Narrower) -> Evidence:
    """The difference over all seeds, and its tails at each look."""
    samples = results.samples[asked.stage]
    lost = [arm for arm in said.about if samples[arm].diverged]
    if isinstance(said, Narrower):
        by_seed = (_band(results, asked, said.than) - _band(results, asked, said.arms)).dropna()
    else:
        by_seed = less({arm: _figures(results, asked, arm) for arm in said.about}, said.arms, said.than)

    resolution = results.spec.resolution_of(value_at(asked.metric, asked.at))

    def estimate(values: "pd.Series[float]") -> stats.Estimate:
        return stats.mean_interval(samples[said.about[0]].by_unit(values), resolution)

    by_look = {}
    for look, seeds in results.looks(asked.stage, said.about).items():
        tails = _tails(results.spec.margin, asked.metric, said, estimate(by_seed[by_seed.index.isin(seeds)]))
        by_look[look] = _without_survivors(results, asked, said, tails, seeds) if lost else tails
    return Evidence(estimate(by_seed), by_look, lost)


def _tails(margin: float, metric: str, said: Above | Within | Narrower, d: stats.Estimate) -> Tails:
    match said:
        case Within():
            return Tails(d.inside(margin), d.beyond(margin))
        case Above(bound=bound):
            inside = d.inside(margin) if may_be_equal(said, metric) else math.nan
            return Tails(d.above(bound), d.below(bound), inside)
        case Narrower():
            return Tails(d.above(0), d.below(0))


def _without_survivors(
    results: Results, asked: Question, said: Above | Within | Narrower, tails: Tails, seeds: Sequence[int]
) -> Tails:
    """The tails without what would rest on the remaining seeds of an arm that diverged on some.

    They are its best seeds: they can show that the arm is worse, but not that it is better or equal.
    """
    match said:
        case Narrower(favoured, others):
            pass
        case Above(arms, than) if len(said.about) <= 2:
            favoured, others = (arms, than) if asked.metric in HIGHER_IS_BETTER else (than, arms)
        case _:
            favoured = others = said.about
    samples = results.samples[asked.stage]
    up, down = (not any(samples[arm].diverged for arm in arms) for arms in (favoured, others))
    left = Tails(tails.above if up else math.nan, tails.below if down else math.nan)
    match said:
        case Above((arm,), (other,), 0.0) if asked.metric in ACCURACIES:
            return _with_shares(samples[arm], samples[other], left, seeds)
    return left


def _with_shares(arm: Sample, other: Sample, tails: Tails, seeds: Sequence[int]) -> Tails:
    """The tails with the number of diverged seeds as a second reason why an arm is worse (Fisher's exact test)."""

    def either(p: float, worse: Sample, better: Sample) -> float:
        if better.diverged:
            return p
        return min(1.0, 2 * least([p, stats.fisher(*worse.finished(seeds), *better.finished(seeds))]))

    return Tails(either(tails.above, other, arm), either(tails.below, arm, other))


def _band(results: Results, asked: Question, arms: Sequence[str]) -> "pd.Series[float]":
    """The width of the band by seed: the lowest to the highest arm at each step, then the mean over the steps."""
    curves = [results.curves(results.samples[asked.stage][arm], asked.metric) for arm in arms]
    by_step = pd.concat(curves, keys=range(len(curves))).groupby(level=1)
    band = (by_step.max() - by_step.min()).where(by_step.count() == len(curves))  # no band at a step that an arm lacks
    return band.mean().dropna()


def _counted(results: Results, asked: Question, said: Share | Mixed) -> Evidence:
    """How many trainings of each arm came above an accuracy, and what that says at each look."""
    bound = results.spec.learned if said.accuracy is None else said.accuracy

    def counted(arm: str, seeds: Sequence[int]) -> tuple[int, int]:
        """A seed that diverged did not come above it."""
        sample, found = results.samples[asked.stage][arm], _figures(results, asked, arm)
        among = sample.independent(seeds) & {*found.index, *sample.diverged}
        return len({*found.index[found > bound]} & among), len(among)

    looks = results.looks(asked.stage, said.about)
    counts = {look: [counted(arm, seeds) for arm in said.about] for look, seeds in looks.items()}
    tails = partial(_of_a_share, said) if isinstance(said, Share) else _of_both_kinds
    every = [(arm, *counted(arm, results.spec.seeds_of(asked.stage, arm))) for arm in said.about]
    return Evidence(by_look={look: tails(*own) for look, own in counts.items()}, trained=every)


def _of_a_share(said: Share, count: tuple[int, int]) -> Tails:
    p = Tails(stats.share_above(*count, said.share), stats.share_below(*count, said.share))
    return p if said.larger else p.turned()


def _of_both_kinds(*counts: tuple[int, int]) -> Tails:
    """An arm is mixed where both sides are shown to be no rare ones, and not where one of them is shown to be rare."""
    mixed = [max(stats.share_above(k, n, RARE), stats.share_below(k, n, 1 - RARE)) for k, n in counts]
    steady = [min(stats.share_above(k, n, 1 - RARE), stats.share_below(k, n, RARE)) for k, n in counts]
    return Tails(above=min(1.0, len(counts) * min(mixed)), below=max(steady))
