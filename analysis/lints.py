"""What a reader of a table must know before believing it: the checks of a fair comparison.

``missing`` says what of the plan is not there yet; ``lints`` says what is there and should make one careful.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis import stats
from analysis.results import NAMES, WAYS, Results, Sample
from analysis.words import arms, count, listed, number, seeds, short, space
from studies.engine import schema

FEW = 3
EDGE = 0.05  # a chosen value in the outer twentieth of its range lies at its edge


def missing(results: Results) -> list[str]:
    """What the plan has and the store does not; a stage that was never begun is one line."""
    lines = []
    for way in WAYS:
        samples = results.samples[way]
        absent = {arm: sample.missing for arm, sample in samples.items() if sample.missing}
        if absent and way not in results.ways():
            planned = count(sum(map(len, absent.values())), "trial")
            lines.append(f"{NAMES[way].capitalize()}: not run yet ({planned} planned).")
        elif absent:
            lines.append(f"Missing, {NAMES[way]}: {_by_seeds(absent, samples)}.")
        failed = {arm: sample.failed for arm, sample in samples.items() if sample.failed}
        if failed:
            lines.append(f"Failed, {NAMES[way]}: {_by_seeds(failed, samples)} (the tag `reason` of a run says why).")
    open_searches = [arm for arm, sample in results.samples["confirm"].items() if sample.missing]
    searched = [f"{arm} {results.cost(arm).searched} of {results.spec.trials_per_arm}" for arm in open_searches]
    if searched:
        lines.append(f"Search trials done: {', '.join(searched)}.")
    running = int(results.runs.trials[schema.OUTCOME].isna().sum())
    if running:
        lines.append(f"{count(running, 'trial')} not ended: running, or broken off (run the study again to go on).")
    return lines


def _by_seeds(absent: Mapping[str, tuple[int, ...]], every: Iterable[str]) -> str:
    """Arms that lack the same seeds together."""
    together = {numbers: [arm for arm, own in absent.items() if own == numbers] for numbers in absent.values()}
    return "; ".join(f"{seeds(numbers)} of {arms(lacking, every)}" for numbers, lacking in together.items())


def lints(results: Results) -> list[str]:
    """One plain sentence each."""
    checks = (_few_seeds, _diverged, _edges, _unequal, _improving, _shared_device, _mixed, _sign_flip)
    return [line for check in checks for line in check(results)]


def _few_seeds(results: Results) -> Iterator[str]:
    for way in results.ways():
        few = {arm: len(s.trials) for arm, s in results.samples[way].items() if 0 < len(s.trials) < FEW}
        single = [arm for arm, n in few.items() if n == 1]
        if single:
            names = arms(single, results.samples[way])
            yield f"One seed only ({NAMES[way]}: {names}): no interval, as the spread over seeds is unknown."
        double = [arm for arm, n in few.items() if n == 2]
        if double:
            names = arms(double, results.samples[way])
            yield f"Fewer than {FEW} seeds ({NAMES[way]}: {names}): the intervals are very wide."


def _diverged(results: Results) -> Iterator[str]:
    for way in results.ways():
        for arm, sample in results.samples[way].items():
            if sample.diverged:
                n = len(sample.diverged) + len(sample.trials)
                rest = (
                    "its numbers are of the seeds that did not"
                    if len(sample.trials)
                    else "it has no accuracy to compare"
                )
                yield f"{arm} diverged in {len(sample.diverged)} of {n} trials {NAMES[way]}: {rest}."
    ends = {arm: results.search(arm)[schema.OUTCOME].dropna() for arm in results.spec.tuned_arms}
    shares = [f"{arm} {sum(of == 'diverged')} of {len(of)}" for arm, of in ends.items() if (of == "diverged").any()]
    if shares:
        yield f"Search trials that diverged, so that part of the range was wasted: {', '.join(shares)}."


def _edges(results: Results) -> Iterator[str]:
    for name in dict.fromkeys(name for spaces in results.spec.tune.values() for name in spaces):
        chosen = {arm: results.setting(arm).get(name) for arm in results.spec.tuned_arms}
        at = {arm: v for arm, v in chosen.items() if v is not None and at_edge(v, results.spec.tune[arm][name])}
        if at:
            by_arm = ", ".join(f"{arm} {short(v)} of {space(results.spec.tune[arm][name])}" for arm, v in at.items())
            yield f"The chosen {name} is at the edge of its range, so a better one may lie outside: {by_arm}."


def _unequal(results: Results) -> Iterator[str]:
    done = {arm: results.cost(arm).searched for arm, s in results.samples["confirm"].items() if not s.missing}
    if len(set(done.values())) > 1:
        by_arm = ", ".join(f"{arm} {count(n, 'trial')}" for arm, n in done.items())
        yield f"Unequal search budgets: {by_arm}; more trials find better settings."
    for way in results.ways():
        ended = {arm: len(s.trials) + len(s.diverged) for arm, s in results.samples[way].items()}
        if len(set(ended.values())) > 1:
            yield f"Unequal numbers of seeds {NAMES[way]}: {', '.join(f'{arm} {n}' for arm, n in ended.items())}."


def _improving(results: Results) -> Iterator[str]:
    for way in results.ways():
        gains = {arm: results.late_gain(sample) for arm, sample in results.samples[way].items()}
        late = [f"{arm} {number(gain, 1, sign=True)}" for arm, gain in gains.items() if gain > results.spec.margin]
        if late:
            points = f"{NAMES[way]}, points: {', '.join(late)}"
            yield f"Still improving in the last tenth of the epochs ({points}); more epochs may change the order."


def _shared_device(results: Results) -> Iterator[str]:
    shared = pd.concat([s.trials for s in _samples(results)])[schema.SHARED_DEVICE]
    if shared.max() > 1:
        yield f"Seconds were taken while up to {int(shared.max())} trials shared the device: compare them with care."


def _mixed(results: Results) -> Iterator[str]:
    trials = pd.concat([s.trials for s in _samples(results)])
    for column, what in (
        ("precision", "precisions"),
        (schema.DEVICE, "devices"),
        (schema.DATASET_DIGEST, "contents of the data set"),
    ):
        found = sorted(trials[column].dropna().astype(str).unique()) if column in trials else []
        if len(found) > 1:
            yield f"Mixed {what} within the study: {listed(found)}; differences between arms may come from that."


def _sign_flip(results: Results) -> Iterator[str]:
    """With few seeds the test that assumes least has nothing to say: better said than left to be found out."""
    ns = [c.difference.n for way in results.ways() for c in results.contrasts[way].values() if c.difference]
    n = max(ns, default=0)
    if n > 1 and (floor := stats.sign_flip_floor(n)) > stats.LEVEL:
        yield (
            "The verdicts take the differences over seeds to be normal; the exact sign-flip test, which does not, "
            f"cannot reach 0.05 with n = {n} (its smallest p is {floor:.3g})."
        )


def at_edge(value: Any, space: Mapping[str, Any]) -> bool:
    """Does a chosen value lie at the end of what was searched? The best one may then lie outside."""
    if "choices" in space:
        numbers = sorted(v for v in space["choices"] if isinstance(v, int | float) and not isinstance(v, bool))
        return len(numbers) == len(space["choices"]) > 2 and value in (numbers[0], numbers[-1])
    low, high = float(space["low"]), float(space["high"])
    scale = np.log if space.get("log") else float
    share = float((scale(float(value)) - scale(low)) / (scale(high) - scale(low))) if high > low else 0.5
    return not EDGE <= share <= 1 - EDGE


def _samples(results: Results) -> list[Sample]:
    return [sample for way in WAYS for sample in results.samples[way].values()]
