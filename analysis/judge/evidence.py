"""What the trials say about one assertion: the difference that they show, and how surely, at each look."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pandas as pd

from analysis.judge import stats
from analysis.judge.correction import Tails, least
from analysis.judge.results import Results, less
from analysis.read.grid import SEPARATOR
from analysis.words import listed
from studies.engine import schema
from studies.engine.study.assertions import (
    ACCURACIES,
    HIGHER_IS_BETTER,
    LATE,
    POINTS,
    Above,
    Assertion,
    Mixed,
    Narrower,
    Share,
    Within,
)  # fmt: skip

RARE = 0.1  # of all seeds: what happens on fewer is not called unstable
Counts = Sequence[tuple[int, int]]  # by arm: seeds that came above an accuracy, seeds that ended


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
    """``a`` less ``b`` is the difference; an assertion about one arm has no ``b``."""

    a: str = ""
    b: str = ""
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
    match said:
        case Above():
            return _above(results, asked, said)
        case Within():
            return _within(results, asked, said)
        case Narrower():
            return _narrower(results, asked, said)
        case Share():
            return _counted(results, asked, said, lambda counts: _of_a_share(said, counts))
        case Mixed():
            return _counted(results, asked, said, _of_both_kinds)


def value_at(metric: str, at: float | None) -> str:
    """The metric that is read: before the end there are only training and validation figures."""
    return metric.replace("test/", "val/") if at is not None else metric


def _figures(results: Results, asked: Question, arm: str) -> "pd.Series[float]":
    """The metric of a question by seed; a metric by step is its mean over the steps."""
    sample, metric = results.samples[asked.stage][arm], value_at(asked.metric, asked.at)
    if asked.at is None and metric not in (schema.SECONDS, *LATE, *schema.STEP_METRICS):
        return sample.values(metric)
    by_seed = results.curves(sample, schema.VAL_ACC1 if metric in LATE else metric)
    if asked.at is not None:
        return by_seed.reindex([max(1, round(asked.at * len(by_seed)))]).iloc[0].dropna()
    if metric == schema.FLUCTUATION:
        return by_seed.diff().abs().iloc[(len(by_seed) + 1) // 2 :].mean().dropna()
    if metric == schema.LATE_GAIN:
        quarter = max(1, len(by_seed) // 4)
        return (by_seed.iloc[-quarter:].mean() - by_seed.iloc[-2 * quarter : -quarter].mean()).dropna()
    return (by_seed.median() if metric == schema.SECONDS else by_seed.mean()).dropna()


def _above(results: Results, asked: Question, said: Above) -> Evidence:
    margin = results.spec.margin if asked.metric in POINTS and said.than and not said.bound else math.nan
    by_seed = less({arm: _figures(results, asked, arm) for arm in said.about}, said.arms, said.than)

    def tails(d: stats.Estimate) -> Tails:
        return Tails(d.above(said.bound), d.below(said.bound), d.inside(margin))

    if len(said.about) > 2:  # whether one difference is larger than another
        (a, d), (b, c) = said.arms, said.than
        found = _found(results, asked, [a, b, c, d], by_seed, tails)
        return _if_none_is_lost(replace(found, a=f"({a} − {b})", b=f"({c} − {d})"))
    found = replace(_found(results, asked, said.about, by_seed, tails), a=said.arms[0], b="".join(said.than))
    favoured, others = (said.arms, said.than) if asked.metric in HIGHER_IS_BETTER else (said.than, said.arms)
    found = _without_survivors(found, favoured, others)
    compared = found.lost and said.than and not said.bound and asked.metric in ACCURACIES
    return _with_shares(results, asked.stage, found, said.arms[0], said.than[0]) if compared else found


def _within(results: Results, asked: Question, said: Within) -> Evidence:
    margin = results.spec.margin
    by_seed = less({arm: _figures(results, asked, arm) for arm in said.about}, said.arms, said.than)
    found = _found(results, asked, said.about, by_seed, lambda d: Tails(d.inside(margin), d.beyond(margin)))
    return _if_none_is_lost(replace(found, a=said.arms[0], b=said.than[0]))


def _narrower(results: Results, asked: Question, said: Narrower) -> Evidence:
    by_seed = (_band(results, asked, said.than) - _band(results, asked, said.arms)).dropna()
    found = _found(results, asked, said.about, by_seed, lambda d: Tails(d.above(0), d.below(0)))
    return _without_survivors(replace(found, a=_band_of(said.than), b=_band_of(said.arms)), said.arms, said.than)


def _counted(results: Results, asked: Question, said: Share | Mixed, tails: Callable[[Counts], Tails]) -> Evidence:
    """How many trainings of each arm came above an accuracy, and what that says at each look."""
    bound = results.spec.learned if said.accuracy is None else said.accuracy

    def counted(arm: str, seeds: Sequence[int]) -> tuple[int, int]:
        """A seed that diverged did not come above it."""
        found = _figures(results, asked, arm)
        found = found[found.index.isin(seeds)]
        lost = {*results.samples[asked.stage][arm].diverged} & {*seeds}
        return int((found > bound).sum()), len(found) + len(lost)

    looks = results.looks(asked.stage, said.about)
    by_look = {n: tails([counted(arm, seeds) for arm in said.about]) for n, seeds in looks.items()}
    every = [(arm, *counted(arm, results.spec.seeds_of(asked.stage, arm))) for arm in said.about]
    return Evidence(by_look=by_look, trained=every)


def _of_a_share(said: Share, counts: Counts) -> Tails:
    ((k, n),) = counts
    p = Tails(stats.share_above(k, n, said.share), stats.share_below(k, n, said.share))
    return p if said.larger else p.turned()


def _of_both_kinds(counts: Counts) -> Tails:
    """An arm is mixed where both sides are shown to be no rare ones, and not where one of them is shown to be rare."""
    mixed = [max(stats.share_above(k, n, RARE), stats.share_below(k, n, 1 - RARE)) for k, n in counts]
    steady = [min(stats.share_above(k, n, 1 - RARE), stats.share_below(k, n, RARE)) for k, n in counts]
    return Tails(above=min(1.0, len(counts) * min(mixed)), below=max(steady))


def _found(
    results: Results,
    asked: Question,
    arms: Sequence[str],
    by_seed: "pd.Series[float]",
    tails: Callable[[stats.Estimate], Tails],
) -> Evidence:
    """The difference over all seeds, and its tails at each look."""
    samples = results.samples[asked.stage]

    def estimate(values: "pd.Series[float]") -> stats.Estimate:
        return stats.mean_interval(samples[arms[0]].by_unit(values), results.spec.resolution_of(asked.metric))

    looks = results.looks(asked.stage, arms)
    by_look = {n: tails(estimate(by_seed[by_seed.index.isin(seeds)])) for n, seeds in looks.items()}
    lost = [arm for arm in arms if samples[arm].diverged]
    return Evidence(difference=estimate(by_seed), by_look=by_look, lost=lost)


def _if_none_is_lost(found: Evidence) -> Evidence:
    return replace(found, by_look={}) if found.lost else found


def _without_survivors(found: Evidence, favoured: Sequence[str], others: Sequence[str]) -> Evidence:
    """The evidence without what would rest on the remaining seeds of an arm that diverged on some.

    They are its best seeds: they can show that the arm is worse, but not that it is better or equal.
    """
    if not found.lost:
        return found
    up, down = ({*found.lost}.isdisjoint(arms) for arms in (favoured, others))
    kept = {n: Tails(p.above if up else math.nan, p.below if down else math.nan) for n, p in found.by_look.items()}
    return replace(found, by_look=kept)


def _with_shares(results: Results, stage: str, found: Evidence, arm: str, other: str) -> Evidence:
    """The evidence with the number of diverged seeds as a second reason why an arm is worse (Fisher's exact test)."""

    def either(p: float, worse: str, better: str, look: int) -> float:
        if results.samples[stage][better].diverged:
            return p
        seeds = results.first_seeds(stage, look)
        (k, n), (other_k, other_n) = (results.samples[stage][name].finished(seeds) for name in (worse, better))
        return min(1.0, 2 * least([p, stats.fisher(k, n, other_k, other_n)]))

    by_look = {
        n: Tails(either(p.above, other, arm, n), either(p.below, arm, other, n)) for n, p in found.by_look.items()
    }
    return replace(found, by_look=by_look)


def _band(results: Results, asked: Question, arms: Sequence[str]) -> "pd.Series[float]":
    """The width of the band by seed: the lowest to the highest arm at each step, then the mean over the steps."""
    curves = [results.curves(results.samples[asked.stage][arm], asked.metric) for arm in arms]
    by_step = pd.concat(curves, keys=range(len(curves))).groupby(level=1)
    band = (by_step.max() - by_step.min()).where(by_step.count() == len(curves))  # no band at a step that an arm lacks
    return band.mean().dropna()


def _band_of(arms: Sequence[str]) -> str:
    """A name for the band of these arms: what their names have in common."""
    parts = [arm.split(SEPARATOR) for arm in arms]
    shared = [part for part in parts[0] if all(part in own for own in parts)]
    return f"the band of {SEPARATOR.join(shared) or listed(arms)}"
