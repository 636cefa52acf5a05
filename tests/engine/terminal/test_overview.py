"""What the planned seeds can show, before the first training and after it: worked out beside the power of Student's t."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from studies.engine import Arm, Budget, claim
from studies.engine.plan import power
from studies.engine.plan.plan import Plan, Trial
from studies.engine.terminal.overview import outlook
from tests.engine.simulated import plan, study


def planned(seeds: int, **changes: Any) -> Plan:
    """Two contrasts as reported and two tuned; a fixed design, if nothing else is said."""
    return plan(replace(study(), **{"budget": Budget(seeds=seeds, at_most=seeds), **changes}))


def an_hour(of: Plan) -> float:
    """An hour for each seed of the baseline."""
    return 3600.0 * of.seeds("reported", "relu")


def trials(**tests: Sequence[float]) -> list[tuple[Trial, float]]:
    return [
        (planned(5).as_reported(arm, seed), value) for arm, own in tests.items() for seed, value in enumerate(own, 1)
    ]


def test_from_nothing_it_is_told_in_sd() -> None:
    (line,) = outlook(planned(5), [], an_hour)
    least = power.smallest_difference(1.0, 5, 0.025 / 4)  # four contrasts share a side's 2.5 %
    assert line.startswith(f"differences of {least:.1f} sd or more from relu, in four of five studies (sd: how much")


def test_claims_take_half_and_later_looks_their_part() -> None:
    said = [claim("sigmoid is better", better="sigmoid", than="relu")]
    (line,) = outlook(planned(5, claims=said, budget=Budget(seeds=5, at_most=12)), [], an_hour)
    assert f"{power.smallest_difference(1.0, 5, 0.025 / 8 * 0.6):.1f} sd" in line


def test_from_the_book_it_is_told_in_points_with_what_the_margin_takes() -> None:
    """To relu sigmoid differs by 1, 2, 3 and tanh by 0, 4, 8: standard deviations of 1 and 4, in the middle 2.5."""
    known = trials(relu=[90, 90, 90], sigmoid=[91, 92, 93], tanh=[90, 94, 98])
    shown, margin = outlook(planned(5), known, an_hour)
    level = 0.025 / 4
    assert f"differences of {2.5 * power.smallest_difference(1.0, 5, level):.2g} points or more from relu" in shown
    needed = power.seeds_for(lambda n: power.chance_to_differ(0.5, 2.5, n, level))
    assert margin == f"one of 0.5 points, the margin, would take about {needed:,.0f} seeds, {needed:.0f} h 0 min"
    assert re.search(r"about [23]\d\d seeds", margin)


def test_two_seeds_tell_no_noise_and_a_noise_of_nothing_is_none() -> None:
    assert " sd or more" in outlook(planned(5), trials(relu=[90, 91], sigmoid=[91, 93]), an_hour)[0]
    assert " sd or more" in outlook(planned(5), trials(relu=[90, 91, 92], sigmoid=[91, 92, 93]), an_hour)[0]


def test_a_search_that_is_repeated_is_what_is_counted() -> None:
    tuned = replace(planned(5, budget=Budget(seeds=5, at_most=5, searches=3)), only="tuned")
    (line,) = outlook(tuned, [], an_hour)
    assert f"{power.smallest_difference(1.0, 3, 0.025 / 4):.1f} sd" in line
    tests = {"relu": [90, 90, 90], "tanh": [91, 92, 93]}
    known = [
        (trial, own[search - 1] + k)
        for arm, own in tests.items()
        for search in (1, 2, 3)
        for k, trial in enumerate(tuned.confirm(tuned.candidate(arm, search, 0, {"lr": 0.1})))
    ]
    assert outlook(tuned, known, an_hour)[1].endswith(" searches")


def test_tuned_alone_without_a_tuned_baseline_nothing_is_said() -> None:
    arms = {**study().arms, "relu": Arm(tune={})}
    assert outlook(replace(planned(5, arms=arms), only="tuned"), [], an_hour) == []


@pytest.mark.parametrize(
    "alone", [planned(1), replace(planned(5), scale="smoke"), replace(planned(5), wanted=frozenset({"relu"}))]
)
def test_where_nothing_is_compared_nothing_is_said(alone: Plan) -> None:
    assert outlook(alone, [], an_hour) == []
