"""What a reader of a table must know before believing it: the checks of a fair comparison.

``missing`` says what of the plan is not there yet; ``lints`` says what is there and should make one careful.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.judge import stats
from analysis.judge.results import NAMES, WAYS
from analysis.judge.verdicts import Judged
from analysis.read.grid import fixed
from analysis.words import arms, count, listed, number, seeds, short, space
from studies.engine import schema

FEW = 3
EDGE = 0.05  # a chosen value in the outer twentieth of its range lies at its edge


def missing(of: Judged) -> list[str]:
    """What the plan has and the store does not; a stage that was never begun is one line."""
    lines = []
    for way, samples in of.samples.items():
        absent = {arm: sample.missing for arm, sample in samples.items() if sample.missing}
        if absent and way not in of.ways():
            planned = count(sum(map(len, absent.values())), "trial")
            lines.append(f"{NAMES[way].capitalize()}: not run yet ({planned} planned).")
        elif absent:
            lines.append(f"Missing, {NAMES[way]}: {_by_seeds(absent, samples)}.")
        failed = {arm: sample.failed for arm, sample in samples.items() if sample.failed}
        if failed:
            lines.append(
                f"Failed, {NAMES[way]}: {_by_seeds(failed, samples)} (`reason` in analysis/trials.py says why)."
            )
    under_way = [arm for arm, sample in of.samples["confirm"].items() if sample.missing]
    if under_way:
        searched = [f"{arm} {len(of.search(arm))} of {of.spec.search_of(arm)}" for arm in under_way]
        lines.append(f"Search trials done: {', '.join(searched)}.")
    return lines


def _by_seeds(absent: Mapping[str, tuple[int, ...]], every: Iterable[str]) -> str:
    """Arms that lack the same seeds together."""
    together = {numbers: [arm for arm, own in absent.items() if own == numbers] for numbers in absent.values()}
    return "; ".join(f"{seeds(numbers)} of {arms(lacking, every)}" for numbers, lacking in together.items())


def lints(of: Judged) -> list[str]:
    """One plain sentence each."""
    checks = (_few_seeds, _diverged, _half_learned, _edges, _unequal, _improving, _mixed, _noise, _tuned_below)
    return [line for check in checks for line in check(of)]


def _few_seeds(of: Judged) -> Iterator[str]:
    for way in of.ways():
        few = {arm: len(sample.trials) for arm, sample in of.samples[way].items()}
        single, double = ([arm for arm, n in few.items() if n == seeds] for seeds in (1, FEW - 1))
        if single:
            names = arms(single, few)
            yield f"One seed only ({NAMES[way]}: {names}): no interval, as the spread over seeds is unknown."
        if double:
            yield f"Fewer than {FEW} seeds ({NAMES[way]}: {arms(double, few)}): the intervals are very wide."


def _diverged(of: Judged) -> Iterator[str]:
    for way in of.ways():
        for arm, sample in of.samples[way].items():
            if sample.diverged:
                rest = "its numbers are of the seeds that did not"
                rest = rest if len(sample.trials) else "it has no accuracy to compare"
                yield f"{arm} diverged in {len(sample.diverged)} of {sample.ended} trials {NAMES[way]}: {rest}."
    ends = {arm: of.search(arm)[schema.OUTCOME] for arm in of.spec.tuned_arms}
    lost = {arm: int((own == "diverged").sum()) for arm, own in ends.items()}
    shares = [f"{arm} {n} of {len(ends[arm])}" for arm, n in lost.items() if n]
    if shares:
        yield f"Search trials that diverged, so that part of the range was wasted: {', '.join(shares)}."


def _half_learned(of: Judged) -> Iterator[str]:
    for way in of.ways():
        halves = [f"{arm} {seen}" for arm, sample in of.samples[way].items() if (seen := of.half_learned(sample))]
        if halves:
            some = f"Only some seeds came above {of.spec.learned:g} % ({NAMES[way]}: {', '.join(halves)})"
            yield f"{some}: a mean over both kinds, and its interval, describe neither."


def _edges(of: Judged) -> Iterator[str]:
    for name in dict.fromkeys(name for spaces in of.spec.tune.values() for name in spaces):
        chosen = {arm: of.setting(arm).get(name) for arm in of.spec.tuned_arms}
        at = {arm: v for arm, v in chosen.items() if v is not None and at_edge(v, of.spec.tune[arm][name])}
        if at:
            by_arm = ", ".join(f"{arm} {short(v)} of {space(of.spec.tune[arm][name])}" for arm, v in at.items())
            yield f"The chosen {name} is at the edge of its range, so a better one may lie outside: {by_arm}."
    best = of.chosen_arm("reported")
    for name in (of.spec.table or {}).values() if best else ():
        tried = {"choices": list(dict.fromkeys(fixed(fields[name]) for fields in of.spec.arms.values()))}
        value = fixed(of.spec.arms[str(best)][name])
        if at_edge(value, tried):
            yield f"The best cell, {best}, is at the edge of the grid in {name} ({space(tried)})."


def _unequal(of: Judged) -> Iterator[str]:
    searches = of.unequal_searches(arm for arm, s in of.samples["confirm"].items() if not s.missing)
    if searches:
        by_arm = ", ".join(f"{arm} {count(n, 'trial')}" for arm, n in searches.items())
        yield f"Unequal search budgets: {by_arm}; more trials find better settings."
    for way in of.ways():
        ended = {arm: sample.ended for arm, sample in of.samples[way].items()}
        if len(set(ended.values())) > 1:
            yield f"Unequal numbers of seeds {NAMES[way]}: {', '.join(f'{arm} {n}' for arm, n in ended.items())}."


def _improving(of: Judged) -> Iterator[str]:
    for way in of.ways():
        gains = {arm: of.late_gain(sample) for arm, sample in of.samples[way].items()}
        late = [f"{arm} {number(gain, 1, sign=True)}" for arm, gain in gains.items() if gain > of.spec.margin]
        if late:
            points = f"{NAMES[way]}, points: {', '.join(late)}"
            yield f"Still improving at the end ({points}, against as many epochs before); more epochs may change the order."


def _mixed(of: Judged) -> Iterator[str]:
    trials = pd.concat([sample.trials for way in WAYS for sample in of.samples[way].values()])
    if (shared := trials[schema.SHARED_DEVICE].max()) > 1:
        yield f"Seconds were taken while up to {int(shared)} trials shared the device: compare them with care."
    several = {
        "precision": "precisions", schema.DEVICE: "devices", schema.DATASET_DIGEST: "contents of the data set",
        schema.VERSIONS: "versions of packages",
    }  # fmt: skip
    for column, what in several.items():
        values = trials[column].dropna().astype(str).unique() if column in trials else ()
        parts = [set(value.split(", ")) for value in values]
        if differing := set().union(*parts).difference(*[set.intersection(*parts)] if parts else ()):
            yield f"Mixed {what} within the study: {listed(sorted(differing))}; differences between arms may come from that."


def _noise(of: Judged) -> Iterator[str]:
    """The verdicts take seed noise to be near normal; with few seeds no test that does not could say anything."""
    for way in of.ways():
        values = {arm: sample.values(schema.JUDGED_BY) for arm, sample in of.samples[way].items()}
        groups = [arm for arm, own in values.items() if stats.two_peaked(own)]
        if groups:
            yield f"The seeds of {listed(groups)} fall into two groups ({NAMES[way]}): a mean over both describes neither."
        if stats.skewed(list(values.values())):
            yield f"Seed noise is lopsided ({NAMES[way]}): intervals and verdicts are made for noise that is near normal."


def _tuned_below(of: Judged) -> Iterator[str]:
    """A search that ends below where it could have begun has found nothing."""
    tests = {way: {arm: s.mean(schema.JUDGED_BY).mean for arm, s in of.samples[way].items()} for way in WAYS}
    by_arm = {arm: tests["confirm"][tuned] - tests["reported"][arm] for arm, tuned in of.spec.tuned_of.items()}
    below = [f"{arm} ({number(by, sign=True)})" for arm, by in by_arm.items() if by < 0]
    if below:
        yield f"Tuned lies below as reported: {listed(below)}; so short a search found nothing better."


def at_edge(value: Any, space: Mapping[str, Any]) -> bool:
    """Does a chosen value lie at the end of what was tried, where the best one may lie outside? Below 0 is nothing."""
    if "choices" in space:
        numbers = sorted(v for v in space["choices"] if isinstance(v, int | float) and not isinstance(v, bool))
        return len(numbers) == len(space["choices"]) > 2 and value in (numbers[0], numbers[-1]) and value != 0
    low, high = float(space["low"]), float(space["high"])
    scale = np.log if space["log"] else float
    share = float((scale(float(value)) - scale(low)) / (scale(high) - scale(low))) if high > low else 0.5
    return share > 1 - EDGE or (share < EDGE and low != 0)
