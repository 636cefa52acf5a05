"""How the level is shared, by hand: the parts make up the whole, over questions and over looks."""

import pytest

from studies.engine.study.error_budget import looks, shares, weights


def test_each_half_is_shared_equally_by_the_ways_of_looking() -> None:
    """A grid of six cells that is tuned to two arms: five contrasts and one; ten claims, none of which can be asked tuned."""
    contrast, claim = weights({"reported": 5, "confirm": 1}, {"reported": 10, "confirm": 0})
    assert contrast == pytest.approx({"reported": 0.05, "confirm": 0.25})
    assert claim == pytest.approx({"reported": 0.05})
    assert 5 * contrast["reported"] + contrast["confirm"] + 10 * claim["reported"] == pytest.approx(1)


def test_where_there_are_no_claims_the_contrasts_have_all_of_it() -> None:
    assert weights({"reported": 4}, {}) == ({"reported": 0.25}, {})
    assert weights({}, {"reported": 2}) == ({}, {"reported": 0.5})
    assert weights({}, {}) == ({}, {})


def test_looks_grow_by_half() -> None:
    assert looks(5, 12) == (5, 8, 12)
    assert looks(5, 27) == (5, 8, 12, 18, 27)
    assert looks(5, 3) == (5,)


@pytest.mark.parametrize(
    ("first", "at_most", "shared"),
    [
        (5, 12, {5: 0.6, 8: 0.4 * 3 / 7, 12: 0.4 * 4 / 7}),
        (5, 8, {5: 5 / 8, 8: 3 / 8}),
        (5, 5, {5: 1.0}),
        (1, 2, {1: 0.6, 2: 0.4}),
    ],
)
def test_the_first_look_has_its_part_and_the_seeds_share_the_rest(
    first: int, at_most: int, shared: dict[int, float]
) -> None:
    assert shares(first, at_most) == pytest.approx(shared)
    assert sum(shares(first, at_most).values()) == pytest.approx(1)
