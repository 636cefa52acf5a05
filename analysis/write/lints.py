"""What a reader of a table must know before believing it: what is missing, and the checks of a fair comparison."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from analysis.judge import stats
from analysis.judge.results import Sample
from analysis.judge.verdicts import Judged
from analysis.read.spec import JUDGED_STAGES, fixed
from analysis.words import arms, count, listed, number, seeds, short, space
from analysis.write.images.words import here_alone
from studies.engine import schema

FEW = 3
EDGE = 0.05  # a chosen value in the outer twentieth of its range lies at its edge


def missing(results: Judged) -> list[str]:
    """What the plan has and the book does not, in lines; a stage that was never begun is one line."""
    lines = []
    for stage, samples in results.samples.items():
        named = results.spec.named_stage(stage)
        absent = {arm: sample.missing for arm, sample in samples.items() if sample.missing}
        if absent and stage not in results.stages():
            planned = count(sum(map(len, absent.values())), "trial")
            lines.append(f"{named.capitalize()}: not run yet ({planned} planned).")
        elif absent:
            lines.append(f"Missing, {named}: {_by_seeds(absent, samples)}.")
        if failed := {arm: sample.failed for arm, sample in samples.items() if sample.failed}:
            lines.append(f"Failed, {named}: {_by_seeds(failed, samples)} (`reason` in analysis/trials.py says why).")
    under_way = [arm for arm, sample in results.samples["confirm"].items() if sample.missing]
    searched = {arm: len(results.search(arm)) for arm in under_way}
    if any(searched.values()):
        done = ", ".join(f"{arm} {n} of {results.spec.search_of(arm)}" for arm, n in searched.items())
        lines.append(f"Search trials done: {done}.")
    return lines


def _by_seeds(absent: Mapping[str, tuple[int, ...]], every: Iterable[str]) -> str:
    """The arms grouped by the seeds that they lack."""
    together = {numbers: [arm for arm, own in absent.items() if own == numbers] for numbers in absent.values()}
    return "; ".join(f"{seeds(numbers)} of {arms(lacking, every)}" for numbers, lacking in together.items())


def lints(results: Judged) -> list[str]:
    """The warnings, one plain sentence each; none at smoke, whose numbers mean nothing in the first place."""
    checks = (
        _few_seeds, _diverged, _half_learned, _edges, _unequal, _improving, _mixed, _noise, _tuned_below, here_alone,
    )  # fmt: skip
    line, early = declared(results)
    late = [] if early else [line]
    return [] if results.spec.is_smoke else [*late, *(line for check in checks for line in check(results))]


def _judged(results: Judged) -> Iterator[tuple[str, Mapping[str, Sample]]]:
    """What each stage that was run is called, and its arms."""
    for stage in results.stages():
        yield results.spec.named_stage(stage), results.samples[stage]


def declared(results: Judged) -> tuple[str, bool]:
    """Whether what is judged was declared before the first result, as a sentence, and whether it was; empty if not known."""
    declared, ends = results.spec.declared, results.runs.trials[schema.ENDED]
    ended = ends.min()
    if not declared or not ended > 0:
        return "", True
    what = "What is judged (claims, arms, margin, looks)"
    if late := [change for change in declared.get("changes", ()) if change["when"] > ended]:
        changed = listed(f"{listed(change['what']) or 'what is judged'} on {_date(change['when'])}" for change in late)
        after = f"Changed after the first result ({_date(ended)}): {changed}"
        return f"{after}. The verdicts are not those that were declared.", False
    if declared["when"] > ended:
        known = f"{(ends < declared['when']).sum()} of {len(ends)} trials had ended, the first on {_date(ended)}"
        return f"{what} was declared on {_date(declared['when'])}, when {known}, here or in another study.", False
    return f"{what} was declared on {_date(declared['when'])}, before its first result.", True


def on_time(results: Judged) -> list[str]:
    """The note that all was declared before the first result; where it was not, a warning says so."""
    line, early = declared(results)
    return [line] if line and early else []


def _date(when: float) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M} UTC"


def _few_seeds(results: Judged) -> Iterator[str]:
    for stage, samples in _judged(results):
        few = {arm: len(sample.trials) for arm, sample in samples.items()}
        single, double = ([arm for arm, n in few.items() if n == seeds] for seeds in (1, FEW - 1))
        if single:
            yield f"One seed only ({stage}: {arms(single, few)}): no interval, as the spread over seeds is unknown."
        if double:
            yield f"Fewer than {FEW} seeds ({stage}: {arms(double, few)}): the intervals are very wide."


def _diverged(results: Judged) -> Iterator[str]:
    for stage, samples in _judged(results):
        for arm, sample in samples.items():
            if sample.diverged:
                some = len(sample.trials)
                rest = "its numbers are of the seeds that did not" if some else "it has no accuracy to compare"
                yield f"{arm} diverged in {len(sample.diverged)} of {sample.ended} trials {stage}: {rest}."
    ends = {arm: results.search(arm)[schema.OUTCOME] for arm in results.spec.tuned_arms}
    lost = {arm: (own == "diverged").sum() for arm, own in ends.items()}
    if any(lost.values()):
        shares = ", ".join(f"{arm} {n} of {len(ends[arm])}" for arm, n in lost.items() if n)
        yield f"Search trials that diverged, so that part of the range was wasted: {shares}."


def _half_learned(results: Judged) -> Iterator[str]:
    for stage, samples in _judged(results):
        tests = {arm: sample.values(schema.JUDGED_BY) > results.spec.learned for arm, sample in samples.items()}
        if halves := [f"{arm} {sum(own)} of {len(own)}" for arm, own in tests.items() if 0 < sum(own) < len(own)]:
            some = f"Only some seeds came above {results.spec.learned:g} % ({stage}: {', '.join(halves)})"
            yield f"{some}: a mean over both kinds, and its interval, describe neither."


def _edges(results: Judged) -> Iterator[str]:
    for name in dict.fromkeys(name for spaces in results.spec.tune.values() for name in spaces):
        chosen = {arm: results.setting(arm).get(name) for arm in results.spec.tuned_arms}
        at = {arm: v for arm, v in chosen.items() if v is not None and at_edge(v, results.spec.tune[arm][name])}
        if at:
            by_arm = ", ".join(f"{arm} {short(v)} of {space(results.spec.tune[arm][name])}" for arm, v in at.items())
            yield f"The chosen {name} is at the edge of its range, so a better one may lie outside: {by_arm}."
    best = results.chosen_arm("reported")
    for name in (results.spec.table or {}).values() if best else ():
        tried = {"choices": list(dict.fromkeys(fixed(fields[name]) for fields in results.spec.arms.values()))}
        value = fixed(results.spec.arms[str(best)][name])
        if at_edge(value, tried):
            yield f"The best cell, {best}, is at the edge of the grid in {name} ({space(tried)})."


def _unequal(results: Judged) -> Iterator[str]:
    tuned = [arm for arm, sample in results.samples["confirm"].items() if not sample.missing]
    if searches := results.unequal_searches(tuned):
        yield f"Unequal search budgets: {searches}; more trials find better settings."
    for stage, samples in _judged(results):
        ended = {arm: sample.ended for arm, sample in samples.items()}
        if len({*ended.values()}) > 1:
            yield f"Unequal numbers of seeds {stage}: {', '.join(f'{arm} {n}' for arm, n in ended.items())}."


def _improving(results: Judged) -> Iterator[str]:
    for stage, samples in _judged(results):
        gains = {arm: results.late_gain(sample) for arm, sample in samples.items()}
        late = [f"{arm} {number(gain, 1, sign=True)}" for arm, gain in gains.items() if gain > results.spec.margin]
        if late:
            points = f"{stage}, points: {', '.join(late)}, against as many epochs before"
            yield f"Still improving at the end ({points}); more epochs may change the order."


def _mixed(results: Judged) -> Iterator[str]:
    trials = pd.concat([sample.trials for stage in JUDGED_STAGES for sample in results.samples[stage].values()])
    if (shared := trials[schema.SHARED_DEVICE].max()) > 1:
        yield f"Seconds were taken while up to {int(shared)} trials shared the device: compare them with care."
    several = {
        "precision": "precisions", schema.DEVICE: "devices", schema.DATASET_DIGEST: "contents of the data set",
        schema.VERSIONS: "versions of packages",
    }  # fmt: skip
    if "validation" in trials:  # as reported and tuned may train on other shares of the same images
        digests = trials.groupby("validation")[schema.DATASET_DIGEST].transform("nunique")
        trials[schema.DATASET_DIGEST] = trials[schema.DATASET_DIGEST].where(digests > 1)
    for column, what in several.items():
        values = trials[column].dropna().astype(str).unique() if column in trials else ()
        parts = [set(value.split(", ")) for value in values]
        if differing := set().union(*parts).difference(*[set.intersection(*parts)] if parts else ()):
            yield f"Mixed {what} within the study: {listed(sorted(differing))}; differences between arms may come from that."


def _noise(results: Judged) -> Iterator[str]:
    """Verdicts assume that seed noise is near normal; with few seeds a test without that assumption shows nothing."""
    for stage, samples in _judged(results):
        values = {arm: sample.values(schema.JUDGED_BY) for arm, sample in samples.items()}
        if groups := [arm for arm, own in values.items() if stats.two_peaked(own)]:
            yield f"The seeds of {listed(groups)} fall into two groups ({stage}): a mean over both describes neither."
        if stats.skewed([*values.values()]):
            yield f"Seed noise is lopsided ({stage}): intervals and verdicts are made for noise that is near normal."


def _tuned_below(results: Judged) -> Iterator[str]:
    """Tuned arms below their reported setting: their search has found nothing better."""
    pairs = {
        arm: (results.samples["confirm"][tuned], results.samples["reported"][arm])
        for arm, tuned in results.spec.tuned_of.items()
    }
    tests = {arm: [sample.mean(schema.JUDGED_BY).mean for sample in pair] for arm, pair in pairs.items()}
    if below := [f"{arm} ({number(a - b, sign=True)})" for arm, (a, b) in tests.items() if a < b]:
        where = f"Mean test accuracy is lower tuned than {results.spec.named_stage('reported')}: {listed(below)}"
        yield f"{where}. The search was short, or it is chance."


def at_edge(value: Any, space: Mapping[str, Any]) -> bool:
    """Whether a chosen value lies at the end of what was tried, so that a better one may lie outside; 0 is no such end."""
    if "choices" in space:
        numbers = sorted(v for v in space["choices"] if isinstance(v, int | float) and not isinstance(v, bool))
        return len(numbers) == len(space["choices"]) > 2 and value in (numbers[0], numbers[-1]) and value != 0
    low, high = float(space["low"]), float(space["high"])
    scale = np.log if space["log"] else float
    share = float((scale(float(value)) - scale(low)) / (scale(high) - scale(low))) if high > low else 0.5
    return share > 1 - EDGE or (share < EDGE and low != 0)
