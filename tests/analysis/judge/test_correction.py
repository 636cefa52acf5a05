"""One budget of errors: by hand, and by simulation of families in which nothing, something or everything differs."""

import math

import numpy as np
import pytest
from scipy.special import stdtr

from analysis.judge.correction import Tails, all_of, corrected, over_looks, together


def test_one_question_is_a_two_sided_test() -> None:
    (found,) = corrected([(1.0, Tails(0.01, 0.99))])
    assert (found.above, found.below) == (0.02, 1.0)


def test_holm_by_hand_where_nothing_can_lie_inside() -> None:
    # two-sided .02 .04 .06 .08 of four alike: .08, then 3 x .04, 2 x .06 and .08, never falling
    ps = [0.01, 0.02, 0.03, 0.04]
    found = corrected([(0.25, Tails(p, 1 - p)) for p in ps])
    assert [f.above for f in found] == pytest.approx([0.08, 0.12, 0.12, 0.12])


def test_a_side_that_is_shown_leaves_one_to_be_wrong_on() -> None:
    # open: 2 + 2 sides; the first is shown above and may yet be called inside: 1 + 2 sides
    found = corrected([(0.5, Tails(0.001, 0.999, 0.9)), (0.5, Tails(0.01, 0.99, 0.9))])
    assert found[0].above == pytest.approx(0.001 * 4)
    assert found[1].above == pytest.approx(0.01 * 3)


def test_weights_share_the_level() -> None:
    found = corrected([(0.75, Tails(0.01, 0.99)), (0.25, Tails(0.5, 0.5))])
    assert found[0].above == pytest.approx(2 * 0.01 / 0.75)


def test_what_cannot_be_answered_counts_and_stays_open() -> None:
    found = corrected([(0.5, Tails(0.01, 0.99)), (0.5, Tails())])
    assert found[0].above == pytest.approx(0.04)
    assert all(math.isnan(p) for p in found[1])


def test_several_as_one() -> None:
    parts = [Tails(0.01, 0.99, 0.2), Tails(0.03, 0.97, 0.1)]
    assert together(parts) == Tails(0.03, 0.97, 0.1)
    assert all_of(parts) == Tails(0.03, 2 * 0.97, 0.2)
    assert math.isnan(all_of([Tails(0.01, 0.99), Tails(below=0.5)]).above)


def test_each_look_spends_its_share() -> None:
    found = over_looks({5: Tails(0.01, 0.99), 8: Tails(0.002, 0.998)}, {5: 0.5, 8: 0.25, 12: 0.25})
    assert found.above == pytest.approx(0.008)
    assert math.isnan(over_looks({}, {5: 1.0}).above)


@pytest.mark.parametrize(
    "truth", [[0.0] * 4, [0.0, 0.0, 3.0, 3.0], [0.5] * 4, [0.0, 0.5, 0.0, 0.5], [0.25, 0.0, 0.5, 3.0]]
)
@pytest.mark.parametrize("sd", [0.05, 0.2, 1.0])
def test_families_err_in_at_most_5_of_100(truth: list[float], sd: float) -> None:
    """Better, worse and inside (the margin is 0.5) over five seeds; also where the truth lies at the margin itself."""
    n, margin, studies = 5, 0.5, 1500
    x = np.random.default_rng(1).normal(np.array(truth)[:, None], sd, (studies, len(truth), n))
    mean, se = x.mean(axis=2), x.std(axis=2, ddof=1) / math.sqrt(n)
    above, below = stdtr(n - 1, -mean / se), stdtr(n - 1, mean / se)
    inside = np.maximum(stdtr(n - 1, -(mean + margin) / se), stdtr(n - 1, (mean - margin) / se))
    wrong = 0
    for study in range(studies):
        found = corrected([(0.25, Tails(above[study, i], below[study, i], inside[study, i])) for i in range(4)])
        wrong += any(
            (f.above <= 0.05 and t <= 0) or (f.below <= 0.05 and t >= 0) or (f.inside <= 0.05 and abs(t) >= margin)
            for f, t in zip(found, truth, strict=True)
        )
    assert wrong / studies <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)
