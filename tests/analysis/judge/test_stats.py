"""The statistics, by numbers worked out by hand and by simulation: what they claim is what happens."""

import math

import numpy as np
import pytest

from analysis.judge import stats


def two_sided(found: stats.Estimate) -> float:
    return 2 * min(found.above(0), found.below(0))


def test_interval_of_three_values_by_hand() -> None:
    # 90, 91, 92: mean 91, sd 1, t(2, .975) = 4.3027, half = 4.3027 / sqrt(3) = 2.4841
    interval = stats.mean_interval([90, 91, 92])
    assert interval.mean == 91
    assert interval.half == pytest.approx(2.48414, abs=1e-4)
    assert interval.n == 3


def test_one_value_has_no_interval() -> None:
    interval = stats.mean_interval([90.0])
    assert interval.mean == 90
    assert all(math.isnan(x) for x in (interval.low, interval.half, two_sided(interval), interval.inside(0.5)))


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
    d = stats.mean_interval(np.subtract([11, 22, 33], [10, 20, 30]))
    assert (d.mean, d.sd, d.n) == (2, 1, 3)
    assert two_sided(d) == pytest.approx(0.07418, abs=1e-5)
    assert (d.low, d.high) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-4)


def test_differences_that_agree_by_rounding_are_not_certain() -> None:
    exact = stats.mean_interval([0.1, 0.1, 0.1], resolution=0.1)
    assert two_sided(exact) > 0.05
    for difference in (0.0, 1.0):  # no spread at all is nothing to judge by
        flat = stats.mean_interval([difference] * 3)
        assert all(math.isnan(p) for p in (two_sided(flat), flat.above(0), flat.inside(0.5), flat.beyond(0.5)))


def test_tails_by_hand() -> None:
    # mean 0.2, sd 0.0913, n = 4
    d = stats.mean_interval([0.1, 0.15, 0.25, 0.3])
    se = d.sd / 2
    assert d.above(0.0) == pytest.approx(_upper_t3(0.2 / se), abs=1e-9)
    assert d.below(0.0) == pytest.approx(1 - d.above(0.0))
    assert d.inside(0.5) == pytest.approx(_upper_t3((0.5 - 0.2) / se), abs=1e-9)
    assert d.beyond(0.1) == pytest.approx(_upper_t3((0.2 - 0.1) / se), abs=1e-9)
    assert d.beyond(0.5) > 0.5


def test_equivalence_is_wrongly_claimed_at_most_5_in_100() -> None:
    """The hardest case: the true difference is the margin itself."""
    draws = np.random.default_rng(4).normal(0.5, 0.4, (4000, 5))
    wrong = np.mean([stats.mean_interval(d).inside(0.5) < 0.05 for d in draws])
    assert wrong <= 0.062


def test_sign_flip_by_hand() -> None:
    # of the 8 patterns of (1, 2, 3) only +++ and --- are as far from 0
    assert stats.sign_flip_p([1, 2, 3]) == 0.25
    # |sum| >= 4: +++ (6), -++ (4), and their mirror images
    assert stats.sign_flip_p([-1, 2, 3]) == 0.5
    assert stats.sign_flip_p([0, 0]) == 1.0


@pytest.mark.parametrize("n", [3, 5, 6])
def test_smallest_p_of_a_sign_flip(n: int) -> None:
    assert stats.sign_flip_p(np.arange(1, n + 1)) == 2.0 ** (1 - n)


def test_sign_flip_of_many_pairs_is_close_to_the_t_test() -> None:
    d = np.random.default_rng(2).normal(0.4, 1, 30)
    assert stats.sign_flip_p(d) == pytest.approx(two_sided(stats.mean_interval(d)), abs=0.01)


def test_wilson_by_hand() -> None:
    # z = 1.96: 8 of 10: (8 + 1.92) / 13.84 = 0.7168 +- 1.96 / 13.84 * sqrt(1.6 + 0.9604) = 0.2266
    assert stats.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert stats.wilson(0, 5)[0] == 0
    assert stats.wilson(5, 5)[1] == 1


def test_shares_by_hand() -> None:
    assert stats.share_above(5, 5, 0.5) == pytest.approx(1 / 32)
    assert stats.share_above(4, 5, 0.5) == pytest.approx(6 / 32)
    assert stats.share_above(0, 5, 0.5) == 1.0
    assert stats.share_below(0, 5, 0.5) == pytest.approx(1 / 32)
    assert stats.share_below(5, 5, 0.5) == pytest.approx(1.0)


def test_fisher_by_hand() -> None:
    # 1 of 5 against 5 of 5, so 6 in both: C(5,1) C(5,5) / C(10,6) = 5 / 210
    assert stats.fisher(1, 5, 5, 5) == pytest.approx(5 / 210)
    assert stats.fisher(0, 5, 5, 5) == pytest.approx(1 / 252)
    assert stats.fisher(5, 5, 1, 5) == pytest.approx(1.0)
    assert stats.fisher(5, 5, 5, 5) == pytest.approx(1.0)


def test_two_way_interaction_of_two_by_two_is_a_t_test() -> None:
    # the difference of two differences, seed by seed: 9, 10, 11: t = 10 / (1 / sqrt 3), F = t^2 = 300
    x = np.zeros((2, 2, 3))
    x[0, 0] = [9, 10, 11]
    found = stats.two_way_interaction(x)
    assert found.df == pytest.approx((1, 2))
    assert found.f == pytest.approx(300)
    assert found.p == pytest.approx(two_sided(stats.mean_interval([9, 10, 11])))


def test_no_spread_is_no_interaction() -> None:
    assert math.isnan(stats.two_way_interaction(np.zeros((2, 2, 3))).p)


@pytest.mark.parametrize("spread", [1.0, 10.0])
def test_additive_effects_and_seed_effects_are_no_interaction(spread: float) -> None:
    """Also where one cell is ten times as noisy as the others."""
    rng = np.random.default_rng(6)
    ps = []
    for _ in range(1500):
        rows, columns, seeds = rng.normal(0, 5, (3, 1, 1)), rng.normal(0, 5, (1, 2, 1)), rng.normal(0, 5, (1, 1, 5))
        noise = rng.normal(0, 1, (3, 2, 5))
        noise[0, 0] *= spread
        ps.append(stats.two_way_interaction(rows + columns + seeds + noise).p)
    assert np.mean(np.array(ps) < 0.05) <= 0.06


def test_probability_of_improvement() -> None:
    assert stats.probability_of_improvement([2, 3], [1, 2, 3]) == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0.5) / 6)
    assert stats.probability_of_improvement([1], [1]) == 0.5


def test_the_best_of_the_others_by_hand() -> None:
    # without seed 1 arm b leads (8 > 6), without seed 2 a (11 > 4), without seed 3 a (12 > 10)
    chosen_by = np.array([[9.0, 4.0, 3.0], [1.0, 5.0, 4.0]])
    chosen_by[0] += [0, -1, 0]
    shown = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    assert stats.by_choice_of_the_others(chosen_by, shown).tolist() == [10.0, 2.0, 3.0]


def test_what_is_chosen_and_shown_on_the_same_seeds_looks_better_than_it_is() -> None:
    draws = np.random.default_rng(8).normal(0, 1, (2000, 5, 5))
    same = np.mean([x[x.mean(axis=1).argmax()].mean() for x in draws])
    others = np.mean([stats.by_choice_of_the_others(x, x).mean() for x in draws])
    assert same > 0.4
    assert abs(others) < 0.05


def test_noise_that_is_not_normal_is_seen_and_normal_noise_is_not() -> None:
    rng = np.random.default_rng(9)
    normal, tailed = rng.normal(0, 1, (500, 5, 8)), rng.lognormal(0, 1, (200, 5, 8))
    assert np.mean([stats.skewed(list(arms)) for arms in normal]) < 0.03
    assert np.mean([stats.skewed(list(arms)) for arms in tailed]) > 0.8
    assert not stats.skewed([[1.0, 1.0, 1.0]])
    assert stats.two_peaked([90.0, 90.1, 70.0, 90.2, 70.1])
    assert not stats.two_peaked([90.0, 91.0, 92.0, 93.0, 94.0])
    assert not stats.two_peaked([90.0, 70.0])


def _upper_t3(t: float) -> float:
    """P(T > t) on three degrees of freedom, from its closed form."""
    angle = math.atan(t / math.sqrt(3))
    return 0.5 - (angle + math.sin(angle) * math.cos(angle)) / math.pi
