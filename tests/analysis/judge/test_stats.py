"""The statistics, by numbers worked out by hand and by simulation: what they claim is what happens."""

import math
from itertools import combinations

import numpy as np
import pytest

from analysis.judge import stats


def test_interval_of_three_values_by_hand() -> None:
    # 90, 91, 92: mean 91, sd 1, t(2, .975) = 4.3027, half = 4.3027 / sqrt(3) = 2.4841
    interval = stats.mean_interval([90, 91, 92])
    assert interval.mean == 91
    assert interval.half == pytest.approx(2.48414, abs=1e-4)
    assert interval.n == 3


def test_one_value_has_no_interval() -> None:
    interval = stats.mean_interval([90.0])
    assert interval.mean == 90
    assert math.isnan(interval.low)
    assert math.isnan(interval.half)


def test_no_value_has_no_mean() -> None:
    assert stats.mean_interval([]).n == 0


@pytest.mark.parametrize("n", [3, 5, 10])
def test_interval_covers_the_truth_95_times_in_100(n: int) -> None:
    samples = np.random.default_rng(n).normal(70, 3, (4000, n))
    intervals = [stats.mean_interval(row) for row in samples]
    covered = np.mean([i.low <= 70 <= i.high for i in intervals])
    assert covered == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors


def test_paired_difference_by_hand() -> None:
    # differences 1, 2, 3: mean 2, sd 1, t = 2 / (1 / sqrt 3) = 3.4641, p(2 df) = 0.07418
    d = stats.paired_difference([11, 22, 33], [10, 20, 30])
    assert (d.mean, d.sd, d.n) == (2, 1, 3)
    assert d.p == pytest.approx(0.07418, abs=1e-5)
    assert (d.low, d.high) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-4)


def test_pairing_removes_what_seeds_share() -> None:
    seed_effect = np.array([0.0, 5.0, -5.0])
    d = stats.paired_difference(seed_effect + np.array([1.0, 1.1, 0.9]), seed_effect)
    assert d.p < 0.01


def test_differences_that_agree_by_rounding_are_not_certain() -> None:
    exact = stats.paired_difference([90.1, 91.1, 92.1], [90.0, 91.0, 92.0], resolution=0.1)
    assert exact.p > 0.05
    assert stats.paired_difference([2.0, 2.0], [1.0, 1.0]).p == 0.0
    assert stats.paired_difference([1.0, 1.0], [1.0, 1.0]).p == 1.0


def test_one_pair_has_a_difference_and_nothing_else() -> None:
    d = stats.paired_difference([91.0], [90.0])
    assert d.mean == 1
    assert all(math.isnan(x) for x in (d.low, d.p, d.sd, stats.equivalence_p(d, 0.5), stats.beyond_p(d, 0.5)))
    assert stats.verdict(d, d.p, d.p) == stats.UNDECIDED
    assert math.isnan(stats.seeds_to_decide(d, 0.5))


def test_false_alarms_of_the_paired_test_are_5_in_100() -> None:
    draws = np.random.default_rng(1).normal(0, 1, (4000, 2, 5))
    alarms = np.mean([stats.paired_difference(a, b).p < 0.05 for a, b in draws])
    assert alarms == pytest.approx(0.05, abs=0.012)


def test_sign_flip_by_hand() -> None:
    # of the 8 patterns of (1, 2, 3) only +++ and --- are as far from 0
    assert stats.sign_flip_p([1, 2, 3]) == 0.25
    # |sum| >= 4: +++ (6), -++ (4), and their mirror images
    assert stats.sign_flip_p([-1, 2, 3]) == 0.5
    assert stats.sign_flip_p([0, 0]) == 1.0


@pytest.mark.parametrize(("n", "floor"), [(3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_smallest_p_of_a_sign_flip(n: int, floor: float) -> None:
    assert stats.sign_flip_floor(n) == floor
    assert stats.sign_flip_p(np.arange(1, n + 1)) == floor


def test_sign_flip_of_many_pairs_is_close_to_the_t_test() -> None:
    d = np.random.default_rng(2).normal(0.4, 1, 30)
    assert stats.sign_flip_p(d) == pytest.approx(stats.paired_difference(d, np.zeros(30)).p, abs=0.01)


def test_holm_by_hand() -> None:
    # sorted .01 .02 .03 .04 times 4 3 2 1 -> .04 .06 .06 .04 -> non-decreasing: .04 .06 .06 .06
    assert stats.holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert stats.holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert stats.holm([]).size == 0


def test_holm_counts_what_could_not_be_tested() -> None:
    adjusted = stats.holm([0.02, math.nan])
    assert adjusted[0] == pytest.approx(0.04)
    assert math.isnan(adjusted[1])


def test_family_wise_error_of_seven_equal_arms_is_5_in_100() -> None:
    """All 21 pairs of seven arms on five seeds: in half of such studies some p is below 0.05, with Holm in 1 of 20."""
    studies = np.random.default_rng(3).normal(90, 0.3, (1000, 7, 5))
    raw = corrected = 0
    for arms in studies:
        ps = np.array([stats.paired_difference(a, b).p for a, b in combinations(arms, 2)])
        raw += bool((ps < 0.05).any())
        corrected += bool((stats.holm(ps) < 0.05).any())
    assert raw / 1000 > 0.35
    assert corrected / 1000 <= 0.06


def test_four_verdicts() -> None:
    def verdict(a: list[float], margin: float) -> str:
        d = stats.paired_difference(a, [0.0] * len(a))
        return stats.verdict(d, d.p, stats.equivalence_p(d, margin))

    assert verdict([3.0, 3.1, 2.9], 0.5) == stats.BETTER
    assert verdict([-3.0, -3.1, -2.9], 0.5) == stats.WORSE
    assert verdict([0.05, -0.05, 0.0], 0.5) == stats.EQUAL
    assert verdict([3.0, -3.1, 1.0], 0.5) == stats.UNDECIDED
    assert verdict([0.3, 0.31, 0.29], 0.5) == stats.EQUAL  # real, but smaller than what matters


def test_equivalence_and_beyond_by_hand() -> None:
    # mean 0.2, sd 0.1, n = 4: se 0.05; (0.5 - 0.2) / 0.05 = 6 on 3 df: p = 0.00464
    d = stats.paired_difference([0.1, 0.15, 0.25, 0.3], [0.0] * 4)
    se = d.sd / 2
    assert stats.equivalence_p(d, 0.5) == pytest.approx(_upper_t3((0.5 - 0.2) / se), abs=1e-9)
    assert stats.beyond_p(d, 0.1) == pytest.approx(2 * _upper_t3((0.2 - 0.1) / se), abs=1e-9)
    assert stats.beyond_p(d, 0.5) == 1.0


def test_equivalence_is_wrongly_claimed_at_most_5_in_100() -> None:
    """The hardest case: the true difference is the margin itself."""
    draws = np.random.default_rng(4).normal(0.5, 0.4, (4000, 5))
    wrong = np.mean([stats.equivalence_p(stats.paired_difference(d, np.zeros(5)), 0.5) < 0.05 for d in draws])
    assert wrong <= 0.062


def test_seeds_to_decide_is_the_textbook_number_when_large() -> None:
    d = stats.Estimate(0.1, 3, sd=1.0)
    assert stats.seeds_to_decide(d, 0.2) == pytest.approx(((1.959964 + 0.841621) * 1.0 / 0.2) ** 2, abs=3)
    assert stats.seeds_to_decide(d._replace(sd=0.01), 0.2) == 4  # never fewer than one more


def test_so_many_seeds_do_find_the_difference_in_80_of_100() -> None:
    n = int(stats.seeds_to_decide(stats.Estimate(0, 3, sd=0.6), 0.5))
    draws = np.random.default_rng(5).normal(0.5, 0.6, (3000, n))
    found = np.mean([stats.paired_difference(d, np.zeros(n)).p < 0.05 for d in draws])
    assert found == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("mean", [0.0, 0.3])
def test_so_many_seeds_do_show_in_80_of_100_that_two_are_equal(mean: float) -> None:
    """Inside the margin both one-sided tests have to pass: around 0 that asks for more than one of them does."""
    n = int(stats.seeds_to_place(stats.Estimate(mean, 3, sd=0.6), 0.5))
    draws = np.random.default_rng(7).normal(mean, 0.6, (3000, n))
    shown = np.mean([stats.equivalence_p(stats.mean_interval(d), 0.5) < 0.05 for d in draws])
    assert shown == pytest.approx(0.82, abs=0.04)
    assert math.isnan(stats.seeds_to_place(stats.Estimate(0.5, 3, sd=0.6), 0.5)), "it lies on neither side"


def test_two_way_interaction_by_hand() -> None:
    # 2 x 2 with seeds as blocks, no seed effect; cell means 10 0 / 0 0: interaction SS = n * 4 * 2.5^2
    x = np.zeros((2, 2, 3))
    x[0, 0] = 10
    noise = np.array([0.1, 0.0, -0.1])
    x += np.stack([np.stack([noise, -noise]), np.stack([-noise, noise])])
    found = stats.two_way_interaction(x)
    assert found.df == (1, 6)
    assert found.f == pytest.approx((3 * 4 * 2.5**2) / ((x - x.mean(axis=2, keepdims=True)) ** 2).sum() * 6)
    assert found.p < 1e-6


def test_additive_effects_and_seed_effects_are_no_interaction() -> None:
    rng = np.random.default_rng(6)
    ps = []
    for _ in range(1500):
        rows, columns, seeds = rng.normal(0, 5, (3, 1, 1)), rng.normal(0, 5, (1, 2, 1)), rng.normal(0, 5, (1, 1, 4))
        ps.append(stats.two_way_interaction(rows + columns + seeds + rng.normal(0, 1, (3, 2, 4))).p)
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_probability_of_improvement() -> None:
    assert stats.probability_of_improvement([2, 3], [1, 2, 3]) == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0.5) / 6)
    assert stats.probability_of_improvement([1], [1]) == 0.5


def test_share_that_may_still_fail() -> None:
    assert stats.share_upper_bound(3) == pytest.approx(0.6316, abs=1e-4)


def _upper_t3(t: float) -> float:
    """P(T > t) on three degrees of freedom, from its closed form."""
    angle = math.atan(t / math.sqrt(3))
    return 0.5 - (angle + math.sin(angle) * math.cos(angle)) / math.pi
