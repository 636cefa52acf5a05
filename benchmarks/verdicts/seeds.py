"""How many seeds it takes to say what is so: by the looks of ``--decide``, and by a design that fixed their number beforehand."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.judge.page import BETTER
from analysis.judge.undecided import undecided
from analysis.judge.verdicts import Judged
from benchmarks.verdicts.false_words import false_words
from benchmarks.verdicts.simulated import SD, Values, accuracies, correlated, heavy, normal, page, rate, spec
from studies.engine.plan.power import SPREAD, smallest_difference, spread_between
from studies.engine.study.error_budget import LEVEL, looks, shares

ARMS, FIRST = 5, 5
MOST = (12, 27)
# Of one contrast among the eight of a study with five arms, as reported and tuned, and claims beside them.
WEIGHT = 1 / 16


def decide(root: Path, pages: int) -> None:
    """Some arms of five are better than the baseline. Found: the share of these differences that are said."""
    print("| arms that differ | by, sd | at most | found | seeds an arm | fixed, as powerful | share | false words |")
    print("|---|---|---|---|---|---|---|---|")
    for better, by, at_most in [(0, 0.0, most) for most in MOST] + [*product((1, 4), (1.0, 2.0), MOST)]:
        rng, when = np.random.default_rng([better, int(by), at_most]), looks(FIRST, at_most)
        said, seeds, fixed, wrong = [], [], [], []
        for _ in range(pages):
            values = accuracies(rng, normal, ARMS, at_most)
            for of_stage in values.values():
                of_stage[1 : 1 + better] += by * SD * math.sqrt(2)
            results, used = decided(root, values, at_most)
            said.append(_found(results, better))
            seeds.append(used)
            wrong.append(not better and bool(false_words(results)))
            fixed.append([_found(page(root, spec(ARMS, n, n, n), values), better) for n in when] if better else [0.0])
        alike = _seeds_of_the_same_power(float(np.mean(said)), np.mean(fixed, axis=0), when) if better else math.nan
        row = (f"{better}", f"{by:g}", f"{at_most}", _mean(said, 100, " %"), _mean(seeds, 1, ""), f"{alike:.1f}")
        print(f"| {' | '.join(row)} | {np.mean(seeds) / alike:.2f} | {rate(wrong)} |", flush=True)


def rounds(root: Path, pages: int) -> None:
    """No arm differs, and each gets seeds as --decide gives them: a claim's parts have unequal numbers."""
    print("| noise | at most | seeds an arm | pages with a false word |\n|---|---|---|---|")
    for which, noise in enumerate((normal, correlated, heavy)):
        rng, at_most = np.random.default_rng([7, MOST[0], which]), MOST[0]
        ended = [decided(root, accuracies(rng, noise, ARMS, at_most), at_most) for _ in range(pages)]
        wrong, used = [bool(false_words(results)) for results, _ in ended], np.mean([seeds for _, seeds in ended])
        print(f"| {noise.__name__} | {at_most} | {used:.1f} | {rate(wrong)} |", flush=True)


def decided(root: Path, values: Mapping[str, Values], at_most: int) -> tuple[Judged, float]:
    """The study after its last round of ``--decide``, and the mean seeds of an arm, as reported and tuned."""
    more: dict[str, dict[str, int]] = {stage: {} for stage in values}
    while True:
        results = page(root, spec(ARMS, FIRST, FIRST, at_most, more=more), values)
        wanted = undecided(results)["wanted"]
        if not wanted:
            used = [by_arm.get(f"arm {arm}", FIRST) for by_arm in more.values() for arm in range(ARMS)]
            return results, float(np.mean(used))
        for stage, arm, seeds in wanted:
            more[stage][arm] = seeds


def contrast(times: int) -> None:
    """One contrast alone by the paired t, every other question open; without and with giving up what is out of reach."""
    print(
        "| true difference, sd | looks | given up | said at 5 seeds | at all | seeds, mean | fixed, as powerful | share |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for at_most, by in product(MOST, (0.0, 1.0, 1.5, 2.0, 3.0)):
        x = np.random.default_rng([at_most, int(10 * by)]).normal(by, 1, (times, at_most))
        power = [0.0, *(float(np.mean(_t(x, n) > _bound(n, 1.0))) for n in range(2, at_most + 1))]
        for gives_up in (False, True):
            said, seeds = _looked(x, at_most, gives_up)
            alike = _seeds_of_the_same_power(said.mean(), np.asarray(power), range(1, at_most + 1)) if by else math.nan
            row = (f"{by:g}", ", ".join(map(str, looks(FIRST, at_most))), "yes" if gives_up else "no")
            numbers = f"{100 * np.mean(said & (seeds == FIRST)):.1f} % | {100 * said.mean():.1f} % | {seeds.mean():.1f}"
            print(f"| {' | '.join(row)} | {numbers} | {alike:.1f} | {seeds.mean() / alike:.2f} |", flush=True)


def _looked(x: Values, at_most: int, gives_up: bool) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """By sequence: whether the difference was said at one of the looks, and the seeds that it took."""
    said, seeds, left = np.zeros(len(x), bool), np.full(len(x), at_most), np.ones(len(x), bool)
    spent = shares(FIRST, at_most)
    need = smallest_difference(1.0, at_most, LEVEL / 2 * WEIGHT * spent[at_most])
    for n, share in spent.items():
        mean, sd = x[:, :n].mean(axis=1), x[:, :n].std(axis=1, ddof=1)
        hit = left & (_t(x, n) > _bound(n, share))
        far = abs(mean) + stdtrit(n - 1, (1 + SPREAD) / 2) * sd / math.sqrt(n)
        out = left & gives_up & (far / sd < need * spread_between(1.0, n)[0])
        said |= hit
        seeds[hit | out] = n
        left &= ~(hit | out)
    return said, seeds


def _t(x: Values, n: int) -> Values:
    t: Values = x[:, :n].mean(axis=1) * math.sqrt(n) / x[:, :n].std(axis=1, ddof=1)
    return t


def _bound(n: int, share: float) -> float:
    return float(stdtrit(n - 1, 1 - LEVEL / 2 * WEIGHT * share))


def _found(results: Judged, better: int) -> float:
    found = [
        by_arm[f"arm {arm}"].verdict == BETTER for by_arm in results.contrasts.values() for arm in range(1, 1 + better)
    ]
    return float(np.mean(found)) if found else 0.0


def _seeds_of_the_same_power(wanted: float, reached: Values, seeds: Sequence[int]) -> float:
    """Between the numbers of seeds whose power is known; the largest of them where none has so much."""
    enough = int(np.argmax(reached >= wanted)) if (reached >= wanted).any() else len(seeds) - 1
    return float(np.interp(wanted, reached[: enough + 1], seeds[: enough + 1]))


def _mean(values: Sequence[float], times: float, unit: str) -> str:
    error = np.std(values) / math.sqrt(len(values))
    return f"{times * np.mean(values):.1f} ± {times * error:.1f}{unit}"
