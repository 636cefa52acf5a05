"""Searches that were repeated: the search is what is counted. With one search settings are compared, and never arms."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from conftest import Read
from fake_study import Trial, claim, confirmed, searched, spec

from analysis.judge.undecided import undecided
from analysis.judge.verdicts import SUPPORTED, Judged
from analysis.write import claims, notes
from analysis.write.render import numbers, render

ARMS = {name: {"activation": name} for name in ("relu", "mish")}
BETTER = [claim("Mish does better", "better", ["mish"], ["relu"])]
FOUND = {"relu": [90.0, 90.2, 90.1], "mish": [95.0, 95.1, 95.3]}  # what the searches of an arm found, search by search
NOISE = [-1.0, 0.0, 1.0]  # of the three seeds that confirm a search


def _confirming(arm: str, searches: int) -> list[Trial]:
    tests = [found + noise for found in FOUND[arm][:searches] for noise in NOISE]
    seeds = [1000 * search + 101 + k for search in range(searches) for k in range(3)]
    made = confirmed(arm, tests, lr=0.03)
    return [_on(trial, seed, 1 + seed // 1000) for trial, seed in zip(made, seeds, strict=True)]


def _on(trial: Trial, seed: int, search: int) -> Trial:
    return Trial(**{**vars(trial), "seed": seed, "search": search})


def _tuned(read: Read, searches: int, claims: Sequence[dict[str, Any]] = BETTER, lost: Sequence[int] = ()) -> Judged:
    """On the seeds that are ``lost`` Mish diverged."""
    seeds = [1000 * search + 101 + k for search in range(searches) for k in range(3)]
    budget = {
        "seeds": [1, 2, 3], "confirm_seeds": seeds, "search_seed": 0, "trials_per_arm": 1, "searches": searches,
        "first_look": 3, "at_most": 3,
    }  # fmt: skip
    trials = [trial for arm in ARMS for trial in (*searched(arm, [0.03]), *_confirming(arm, searches))]
    diverged = [t.arm == "mish" and t.seed in lost for t in trials]
    ends = [replace(t, outcome="diverged", test=None) if out else t for t, out in zip(trials, diverged, strict=True)]
    return read(spec(arms=ARMS, claims=claims, budget=budget), ends)


def _said(results: Judged) -> str:
    """What is found, and what is said of the claim, without the note on what a single search compares."""
    return " ".join(f"{notes.verdict(results)} {claims.text(results)}".split())


def test_the_unit_of_an_interval_is_the_search(read: Read) -> None:
    """Search by search mish is 5, 4.9 and 5.2 better: a mean of 5.033, an sd of 0.153, and t with 2 degrees of freedom."""
    difference = _tuned(read, 3).contrasts["confirm"]["mish"].difference
    assert difference.n == 3
    assert difference.mean == pytest.approx(15.1 / 3)
    assert difference.half == pytest.approx(4.302653 * 0.152753 / 3**0.5, rel=1e-5)


def test_searches_that_were_repeated_say_that_an_arm_is_better(read: Read) -> None:
    results = _tuned(read, 3)
    assert results.contrasts["confirm"]["mish"].verdict == "better"
    assert "Over 3 shared searches, mish is better than relu by 5.03 points" in _said(results)
    assert notes.ONE_SEARCH not in _said(results)


def test_after_one_search_no_sentence_says_that_an_arm_is_better(read: Read) -> None:
    results = _tuned(read, 1)
    ((_, (ruling,)),) = results.rulings
    assert ruling.verdict == SUPPORTED
    said = _said(results)
    assert "mish at lr 0.03 is better than relu at lr 0.03" in said
    assert said.count(notes.ONE_SEARCH) == 2, "in what was found, and at the claim"
    assert not re.search(r"(mish|relu) (\([^)]*\) )?is (better|worse)", said)


def test_each_search_counts_once_where_trainings_are_counted(read: Read) -> None:
    """Three of three searches: were it half of all, so many would in one study of eight; more seeds say no more."""
    results = _tuned(read, 3, [claim("It trains", "trains", ["mish"])])
    ((_, (ruling,)),) = results.rulings
    (contrast,) = ruling.contrasts
    assert contrast.evidence.latest.above == pytest.approx(1 / 8)
    assert "mish in 3 of 3 searches (the first seed of each)" in _said(results)
    assert undecided(results)["wanted"] == []


def test_each_search_counts_once_where_seeds_diverged(read: Read) -> None:
    """All of one search, and in the others a seed that is not their first."""
    results = _tuned(read, 3, lost=[101, 102, 103, 1102])
    mish = results.samples["confirm"]["mish"]
    assert mish.finished(mish.planned) == (2, 3)
    assert results.trained(mish) == (2, 3)


def test_a_sign_flip_is_of_searches(read: Read) -> None:
    """All three differences are above 0: two of the eight patterns of signs are as far from it."""
    of = numbers(_tuned(read, 3)).set_index("arm").loc["mish"]
    assert of["p_sign_flip"] == pytest.approx(2 / 8)
    assert (of["n"], of["planned"]) == (3, 3)


def test_no_search_is_missing_where_all_are_there(read: Read) -> None:
    assert "95.13 ± 0.38 (3)" in render(_tuned(read, 3), "md")
