"""Early stopping, on curves written by hand."""

import math
from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.engine.course import Course, Outcome
from studies.engine.search.rungs import Jury, quantile
from studies.engine.study.budget import EarlyStopping


def judge(courses: Sequence[Course], levels: tuple[int, ...]) -> list[Outcome | None]:
    reduction, epochs = {(1,): (3, 3), (1, 3): (3, 9), (1, 2): (2, 5)}[levels]
    jury = Jury(EarlyStopping(reduction=reduction), epochs)
    assert jury.levels == levels
    jury.judge(courses)
    return jury.outcomes


@pytest.mark.parametrize(
    ("epochs", "levels"), [(1, ()), (2, ()), (3, (1,)), (9, (1, 3)), (50, (1, 5, 16)), (20, (2, 6))]
)
def test_rungs_are_thirds(epochs: int, levels: tuple[int, ...]) -> None:
    assert EarlyStopping().rungs(epochs) == levels


def test_the_first_trial_is_never_stopped_and_a_worse_one_is() -> None:
    good, bad = Course((50, 60, 70), "completed"), Course((40, 90, 90), "completed")
    assert judge([good, bad], (1,)) == [Outcome("completed", 3, 70), Outcome("stopped", 1, 40)]


def test_what_came_after_the_rung_is_not_counted() -> None:
    """The second trial trained on while the first was not that far; its fourth epoch never happened."""
    outcome = judge([Course((50,)), Course((40, 90))], (1,))[1]
    assert outcome == Outcome("stopped", 1, 40)


def test_a_decision_waits_for_the_earlier_candidates() -> None:
    assert judge([Course(()), Course((40, 50, 60), "completed")], (1,)) == [None, None]


def test_an_earlier_candidate_that_diverged_before_the_rung_is_not_waited_for() -> None:
    outcomes = judge([Course((), "diverged"), Course((40, 50, 60), "completed")], (1,))
    assert outcomes[0] is not None
    assert outcomes[0].ended == "diverged"
    assert outcomes[1] == Outcome("completed", 3, 60)


def test_the_cutoff_is_the_one_of_ray() -> None:
    """Fed one trial after another, the rule stops the same trials as Ray's own bracket."""
    bracket = pytest.importorskip("ray.tune.schedulers.async_hyperband")._Bracket(
        min_t=1, max_t=9, reduction_factor=3, s=0
    )
    random = np.random.default_rng(1)
    curves = [tuple(random.uniform(0, 100, 9)) for _ in range(40)]
    ours = [
        outcome.ended == "stopped" for outcome in judge([Course(c, "completed") for c in curves], (1, 3)) if outcome
    ]
    theirs = []
    for number, curve in enumerate(curves):
        trial = type("Trial", (), {"trial_id": str(number)})()
        theirs.append(any(bracket.on_result(trial, epoch, score) == "STOP" for epoch, score in enumerate(curve[:3], 1)))
    assert ours == theirs
    assert any(ours)
    assert not all(ours)


def test_threshold_of_nothing_lets_all_pass() -> None:
    assert quantile([], 2 / 3) == -math.inf


@pytest.mark.parametrize(
    ("stopping", "levels"),
    [
        (EarlyStopping(reduction=2), (1, 3, 6, 12, 25)),
        (EarlyStopping(reduction=2, first_rung=5), (6, 12, 25)),
        (EarlyStopping(reduction=4), (3, 12)),
        (EarlyStopping(first_rung=17), ()),
    ],
)
def test_rungs_as_asked(stopping: EarlyStopping, levels: tuple[int, ...]) -> None:
    assert stopping.rungs(50) == levels


def test_switched_off_every_candidate_is_trained_in_full() -> None:
    jury = Jury(None, 9)
    jury.judge([Course((90.0,) * 9, "completed"), Course((10.0,) * 9, "completed")])
    assert [outcome.ended for outcome in jury.outcomes if outcome] == ["completed", "completed"]


curves = st.lists(st.lists(st.integers(0, 100), min_size=4, max_size=4), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(curves, st.data())
def test_outcomes_do_not_depend_on_who_is_faster(curves: list[list[int]], data: st.DataObject) -> None:
    """Whatever part of the curves is known so far, an outcome once given is the final one."""
    final = judge([Course(tuple(map(float, c)), "completed") for c in curves], (1, 2))
    known = [data.draw(st.integers(0, 5)) for _ in curves]
    partly = judge(
        [Course(tuple(map(float, c[:n])), "completed" if n == 5 else None) for c, n in zip(curves, known, strict=True)],
        (1, 2),
    )
    assert all(early in (None, late) for early, late in zip(partly, final, strict=True))


def test_the_slow_starter_of_an_arm_of_its_own_survives() -> None:
    """Beside a fast arm, in rungs of its own, an arm that starts slowly and ends better is never stopped for being slow."""
    slow = [Course((10.0 + k, 20.0, 95.0), "completed") for k in range(3)]
    assert [v.ended for v in judge(slow, (1,)) if v] == ["completed"] * 3
    fast = [Course((80.0, 85.0, 86.0), "completed")] * 3
    together = judge([*fast, *slow], (1,))
    assert {v.ended for v in together[3:] if v} == {"stopped"}  # what shared rungs would have done


def test_permuting_the_numbers_changes_outcomes_but_never_loses_the_best() -> None:
    courses = [Course((float(s), float(s), float(s)), "completed") for s in (10, 50, 90)]
    for order in permutations(courses):
        best = order.index(courses[2])
        outcome = judge(order, (1,))[best]
        assert outcome is not None
        assert outcome.ended == "completed"
