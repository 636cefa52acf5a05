"""What so many seeds can show, by numbers worked out by hand: t with 1 degree of freedom, chi squared with 2."""

import math
from functools import partial

import pytest

from studies.engine.plan import power


def test_without_a_difference_the_chance_to_show_one_is_the_level() -> None:
    assert power.chance_to_differ(0.0, sd=1.0, n=5, level=0.025) == pytest.approx(0.025)
    assert power.chance_to_differ(9.0, sd=1.0, n=1, level=0.025) == 0


def test_the_chance_to_be_inside_by_hand() -> None:
    # two seeds: t has 1 degree of freedom, its upper quartile is 1. margin sqrt 2: room sqrt 2 * sqrt 2 - 1 = 1 on both
    # sides, so 0.75 + 0.75 - 1
    assert power.chance_to_be_inside(0.0, sd=1.0, n=2, level=0.25, margin=math.sqrt(2)) == pytest.approx(0.5)
    assert power.chance_to_be_inside(1.5, sd=1.0, n=2, level=0.25, margin=math.sqrt(2)) == 0


def test_the_fewest_seeds_with_the_power() -> None:
    assert power.seeds_for(lambda n: n / 100) == 80
    assert power.seeds_for(lambda n: 0.9) == 2
    assert power.seeds_for(lambda n: n / 1_000_000) == 800_000
    assert power.seeds_for(lambda n: 0.5) == math.inf


def test_far_too_many_seeds_do_no_harm() -> None:
    """Scipy's noncentral t is NaN where the power is 1 by far; the search must not rest on it."""
    chance = partial(power.chance_to_differ, 2.5, 5.554, level=0.001)
    assert math.isnan(chance(6620)), "if this fails, the search may begin anywhere"
    assert power.seeds_for(chance) == 82
    assert chance(81) < power.POWER <= chance(82)


def test_the_smallest_difference_is_shown_in_four_of_five_studies() -> None:
    level = 0.025 / 16 * 5 / 8  # one side, one of eight contrasts, the first of the looks at 5 and 8 seeds
    smallest = power.smallest_difference(sd=1.0, n=5, level=level)
    assert smallest == pytest.approx(4.0, abs=0.05)  # standard deviations, as decision 0011 says
    assert power.chance_to_differ(smallest, sd=1.0, n=5, level=level) == pytest.approx(0.8)


def test_the_spread_that_seeds_leave_possible_by_hand() -> None:
    # three seeds: chi squared with 2 degrees of freedom is above -2 ln(p) with probability p, so sd / sqrt(-ln p)
    low, high = power.spread_between(sd=1.0, n=3)
    assert low == pytest.approx(1 / math.sqrt(-math.log(0.1)))
    assert high == pytest.approx(1 / math.sqrt(-math.log(0.9)))


def test_what_is_in_reach_by_hand() -> None:
    # three seeds: a tenth of all means lies more than 1.8856 standard errors above, a tenth of all spreads below 1 / sqrt(ln 10)
    low, unsure = 1 / math.sqrt(math.log(10)), 1.8856 / math.sqrt(3)
    edge = power.smallest_difference(low, n=4, level=0.01) - unsure
    assert edge > 0
    for by, reached in ((edge + 0.001, True), (edge - 0.001, False), (-edge - 0.001, True), (-edge + 0.001, False)):
        assert power.in_reach(by, sd=1.0, seen=3, level=0.01, margin=0.0, at_most=4) is reached
    assert power.in_reach(0.0, sd=1.0, seen=3, level=0.01, margin=5.0, at_most=4), "it may be shown to lie inside"
