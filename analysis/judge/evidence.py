"""What the trials say about one assertion: the difference that they show, and how surely, at each look."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import pandas as pd

from analysis.judge import stats
from analysis.judge.correction import Tails, least
from analysis.judge.results import Results
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
Tested = Callable[[stats.Estimate], Tails]


@dataclass(frozen=True)
class Evidence:
    """``a`` less ``b`` is the difference; an assertion about one arm has no ``b``."""

    a: str
    b: str
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


def evidence(results: Results, stage: str, said: Assertion, metric: str, at: float | None) -> Evidence:
    """What the trials of a stage say about an assertion on a metric, at the end or after a share of the epochs."""
    match said:
        case Above() if len(said.plus) + len(said.minus) > 2:
            return _interaction(results, stage, said, metric, at)
        case Above():
            return _above(results, stage, said, metric, at)
        case Within():
            return _within(results, stage, said, metric, at)
        case Narrower():
            return _narrower(results, stage, said, metric)
        case Share():
            return _share(results, stage, said, metric, at)
        case Mixed():
            return _mixed(results, stage, said, metric, at)


def value_at(metric: str, at: float | None) -> str:
    """The metric that is read: before the end there are only training and validation figures."""
    return metric.replace("test/", "val/") if at is not None else metric


def figures(results: Results, stage: str, arm: str, metric: str, at: float | None) -> "pd.Series[float]":
    """The metric by seed, at the end or after a share of the epochs; a metric by step is its mean over the steps."""
    sample, metric = results.samples[stage][arm], value_at(metric, at)
    if at is None and metric not in (schema.SECONDS, *LATE, *schema.STEP_METRICS):
        return sample.values(metric)
    by_seed = results.curves(sample, schema.VAL_ACC1 if metric in LATE else metric)
    if at is not None:
        return by_seed.reindex([max(1, round(at * len(by_seed)))]).iloc[0].dropna()
    if metric == schema.FLUCTUATION:
        return by_seed.diff().abs().iloc[(len(by_seed) + 1) // 2 :].mean().dropna()
    if metric == schema.LATE_GAIN:
        quarter = max(1, len(by_seed) // 4)
        return (by_seed.iloc[-quarter:].mean() - by_seed.iloc[-2 * quarter : -quarter].mean()).dropna()
    return (by_seed.median() if metric == schema.SECONDS else by_seed.mean()).dropna()


def _above(results: Results, stage: str, said: Above, metric: str, at: float | None) -> Evidence:
    favoured, others = (said.plus, said.minus) if metric in HIGHER_IS_BETTER else (said.minus, said.plus)
    difference = _difference(results, stage, said.plus, said.minus, metric, at)
    margin = results.spec.margin if metric in POINTS and said.minus and not said.bound else None
    found = _found(
        results, stage, [*said.plus, *said.minus], difference, metric, lambda d: _tails(d, said.bound, margin)
    )
    found = _without_survivors(replace(found, a=said.plus[0], b="".join(said.minus)), favoured, others)
    compared = found.lost and said.minus and not said.bound and metric in ACCURACIES
    return _with_shares(results, stage, found, said.plus[0], said.minus[0]) if compared else found


def _interaction(results: Results, stage: str, said: Above, metric: str, at: float | None) -> Evidence:
    (a, d), (b, c) = said.plus, said.minus
    margin = results.spec.margin if metric in POINTS else None
    difference = _difference(results, stage, said.plus, said.minus, metric, at)
    found = _found(results, stage, [a, b, c, d], difference, metric, lambda by: _tails(by, said.bound, margin))
    return replace(found, a=f"({a} − {b})", b=f"({c} − {d})", by_look={} if found.lost else found.by_look)


def _within(results: Results, stage: str, said: Within, metric: str, at: float | None) -> Evidence:
    margin, difference = results.spec.margin, _difference(results, stage, [said.arm], [said.other], metric, at)
    tails: Tested = lambda d: Tails(d.inside(margin), d.beyond(margin))  # noqa: E731
    found = _found(results, stage, [said.arm, said.other], difference, metric, tails)
    return replace(found, a=said.arm, b=said.other, by_look={} if found.lost else found.by_look)


def _narrower(results: Results, stage: str, said: Narrower, metric: str) -> Evidence:
    difference = (_band(results, stage, said.than, metric) - _band(results, stage, said.arms, metric)).dropna()
    found = _found(results, stage, [*said.arms, *said.than], difference, metric, lambda d: _tails(d, 0.0, None))
    found = replace(found, a=_band_of(said.than), b=_band_of(said.arms))
    return _without_survivors(found, said.arms, said.than)


def _share(results: Results, stage: str, said: Share, metric: str, at: float | None) -> Evidence:
    def tails(k: int, n: int) -> Tails:
        p = Tails(stats.share_above(k, n, said.share), stats.share_below(k, n, said.share))
        return p if said.larger else p.turned()

    by_look = {
        n: tails(*_trained(results, stage, said.arm, said.accuracy, metric, at, results.first_seeds(stage, n)))
        for n in results.looks(stage, [said.arm])
    }
    every = _trained(results, stage, said.arm, said.accuracy, metric, at, results.spec.seeds_of(stage, said.arm))
    return Evidence(said.arm, "", by_look=by_look, trained=[(said.arm, *every)])


def _mixed(results: Results, stage: str, said: Mixed, metric: str, at: float | None) -> Evidence:
    def tails(counts: Sequence[tuple[int, int]]) -> Tails:
        """An arm is mixed where both sides are shown to be no rare ones, and not where one of them is shown to be rare."""
        mixed = [max(stats.share_above(k, n, RARE), stats.share_below(k, n, 1 - RARE)) for k, n in counts]
        steady = [min(stats.share_above(k, n, 1 - RARE), stats.share_below(k, n, RARE)) for k, n in counts]
        return Tails(above=min(1.0, len(counts) * min(mixed)), below=max(steady))

    def counted(arm: str, seeds: Sequence[int]) -> tuple[int, int]:
        return _trained(results, stage, arm, said.accuracy, metric, at, seeds)

    firsts = {n: results.first_seeds(stage, n) for n in results.looks(stage, said.arms)}
    by_look = {n: tails([counted(arm, seeds) for arm in said.arms]) for n, seeds in firsts.items()}
    every = [counted(arm, results.spec.seeds_of(stage, arm)) for arm in said.arms]
    return Evidence("", "", by_look=by_look, trained=[(arm, *kn) for arm, kn in zip(said.arms, every, strict=True)])


def _trained(
    results: Results, stage: str, arm: str, accuracy: float | None, metric: str, at: float | None, seeds: Sequence[int]
) -> tuple[int, int]:
    """How many of these seeds came above an accuracy, and how many ended; a seed that diverged did not come above it."""
    found = figures(results, stage, arm, metric, at)
    found = found[found.index.isin(seeds)]
    lost = {*results.samples[stage][arm].diverged} & {*seeds}
    return int((found > (results.spec.learned if accuracy is None else accuracy)).sum()), len(found) + len(lost)


def _difference(
    results: Results, stage: str, plus: Sequence[str], minus: Sequence[str], metric: str, at: float | None
) -> "pd.Series[float]":
    """The difference by seed, over the seeds that all these arms have."""
    by_arm = {arm: figures(results, stage, arm, metric, at) for arm in (*plus, *minus)}
    seeds = reduce(pd.Index.intersection, (found.index for found in by_arm.values()))
    known = {arm: found.reindex(seeds).to_numpy() for arm, found in by_arm.items()}
    return pd.Series(sum(known[arm] for arm in plus) - sum(known[arm] for arm in minus), index=seeds)


def _found(
    results: Results, stage: str, arms: Sequence[str], by_seed: "pd.Series[float]", metric: str, tails: Tested
) -> Evidence:
    """The difference over all seeds, and its tails at each look."""
    sample = results.samples[stage][arms[0]]

    def estimate(values: "pd.Series[float]") -> stats.Estimate:
        return stats.mean_interval(sample.by_unit(values), results.spec.resolution_of(metric))

    at_looks = {
        n: estimate(by_seed[by_seed.index.isin(results.first_seeds(stage, n))]) for n in results.looks(stage, arms)
    }
    lost = [arm for arm in arms if results.samples[stage][arm].diverged]
    return Evidence("", "", estimate(by_seed), {n: tails(d) for n, d in at_looks.items()}, lost)


def _tails(d: stats.Estimate, bound: float, margin: float | None) -> Tails:
    return Tails(d.above(bound), d.below(bound), math.nan if margin is None else d.inside(margin))


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


def _band(results: Results, stage: str, arms: Sequence[str], metric: str) -> "pd.Series[float]":
    """The width of the band by seed: the lowest to the highest arm at each step, then the mean over the steps."""
    curves = [results.curves(results.samples[stage][arm], metric) for arm in arms]
    by_step = pd.concat(curves, keys=range(len(curves))).groupby(level=1)
    band = (by_step.max() - by_step.min()).where(by_step.count() == len(curves))  # no band at a step that an arm lacks
    return band.mean().dropna()


def _band_of(arms: Sequence[str]) -> str:
    """A name for the band of these arms: what their names have in common."""
    parts = [arm.split(SEPARATOR) for arm in arms]
    shared = [part for part in parts[0] if all(part in own for own in parts)]
    return f"the band of {SEPARATOR.join(shared) or listed(arms)}"
