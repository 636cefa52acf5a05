"""What a reader is warned of, and that nobody is warned for nothing."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from conftest import Read
from fake_study import Trial, activations, claim, confirmed, reported, searched, spec

from analysis.judge.verdicts import Judged
from analysis.write import claims
from analysis.write.lints import at_edge, lints, missing
from analysis.write.notes import notes

BOTH = {"relu": {"activation": "relu"}, "mish": {"activation": "mish"}}
CLEAN = [*reported("relu", [90.0, 91.0, 92.0]), *reported("mish", [93.0, 94.2, 95.1])]


def said(read: Read, trials: Sequence[Trial], tuned: bool = False) -> str:
    plan = spec(arms=BOTH) if tuned else spec(arms=BOTH, tuned_arms={})
    return " ".join(lints(read(plan, trials)))


def test_a_clean_study_has_no_lint(read: Read) -> None:
    results = read(spec(arms=BOTH, tuned_arms={}), CLEAN)
    assert missing(results) == []
    assert lints(results) == []


def _on_eight_seeds(read: Read, relu: list[float], mish: list[float]) -> str:
    budget = {"seeds": list(range(1, 9)), "confirm_seeds": [], "search_seed": 0, "trials_per_arm": 4}
    trials = [*reported("relu", relu), *reported("mish", mish)]
    return " ".join(lints(read(spec(arms=BOTH, tuned_arms={}, budget=budget), trials)))


def test_seeds_that_fall_into_two_groups(read: Read) -> None:
    even = [90.0, 91, 92, 90.5, 91.5, 90.8, 91.2, 90.2]
    two = [90.0, 90.1, 70.0, 90.2, 70.1, 70.2, 90.1, 90.0]
    assert "The seeds of mish fall into two groups (as reported)" in _on_eight_seeds(read, even, two)
    assert "two groups" not in _on_eight_seeds(read, even, even)


def test_seed_noise_that_is_lopsided(read: Read) -> None:
    tail = [90.0, 89.9, 89.95, 90.0, 90.05, 89.9, 89.5, 85.0]
    assert "Seed noise is lopsided (as reported)" in _on_eight_seeds(read, tail, [value + 0.1 for value in tail])


def test_tuned_below_as_reported(read: Read) -> None:
    plan = spec(arms=BOTH, tuned_of=dict(zip(BOTH, BOTH, strict=True)))
    trials = [*CLEAN, *confirmed("relu", [80.0, 81.0, 82.0], 0.1), *confirmed("mish", [99.0, 99.0, 99.0], 0.1)]
    assert "Mean test accuracy is lower tuned than as reported: relu (−10.00)" in " ".join(lints(read(plan, trials)))


def test_seconds_on_a_shared_device(read: Read) -> None:
    assert "up to 2 trials shared the device" in said(read, [replace(t, shared=2) for t in CLEAN])


def test_mixed_precision_data_and_versions(read: Read) -> None:
    odd = replace(CLEAN[0], fields={"activation": "relu", "precision": "bf16"}, digest="other")
    odd = replace(odd, versions="python 3.11, torch 2.16")
    text = said(read, [odd, *CLEAN[1:]])
    assert "Mixed precisions within the study: bf16 and fp32" in text
    assert "Mixed contents of the data set within the study" in text
    assert "Mixed versions of packages within the study: torch 2.15 and torch 2.16; differences" in text


def test_still_improving(read: Read) -> None:
    rising = [replace(t, curve=[50.0, 60.0, 70.0, 80.0]) for t in CLEAN[:3]]
    text = said(read, [*rising, *CLEAN[3:]])
    assert "Still improving at the end (as reported, points: relu +10.0, against as many epochs before)" in text


def test_a_mean_over_seeds_that_trained_and_seeds_that_did_not(read: Read) -> None:
    text = said(read, [*reported("relu", [90.0, 10.2, 92.0]), *CLEAN[3:]])
    assert "Only some seeds came above 20 % (as reported: relu 2 of 3): a mean over both kinds" in text


def test_a_long_flat_end_is_no_improvement(read: Read) -> None:
    flat = [replace(t, curve=[*range(50, 80), *[80.0] * 10]) for t in CLEAN]
    assert "improving" not in said(read, flat)


def test_unequal_budgets(read: Read) -> None:
    trials = [t for arm, n in (("relu", 4), ("mish", 2)) for t in searched(arm, [0.01, 0.02, 0.03, 0.04][:n])]
    trials += [t for arm in BOTH for t in confirmed(arm, [90.0, 91, 92], 0.02)]
    assert "Unequal search budgets: relu 4 trials, mish 2 trials" in said(read, trials, tuned=True)
    assert "Unequal numbers of seeds as reported: relu 3, mish 1" in said(read, CLEAN[:4])


def test_a_search_that_tried_every_setting_had_enough(read: Read) -> None:
    spaces = {"relu": {"lr": {"choices": [0.01, 0.02]}}, "mish": {"lr": {"low": 0.01, "high": 1.0, "log": True}}}
    trials = [*searched("relu", [0.01, 0.02]), *searched("mish", [0.01, 0.02, 0.03, 0.04])]
    tested = [t for arm in BOTH for t in confirmed(arm, [90.0, 91, 92], 0.02)]
    results = read(spec(arms=BOTH, tune=spaces), [*trials, *tested])
    assert "Unequal search budgets" not in " ".join(lints(results))
    half_done = read(spec(name="half", arms=BOTH, tune=spaces), trials[:3])
    assert "Search trials done: relu 2 of 2, mish 1 of 4." in missing(half_done)


@pytest.mark.parametrize(("best", "edge"), [(0, True), (1, False)])
def test_the_edge_of_a_grid(read: Read, best: int, edge: bool) -> None:
    arms = {f"lr {lr} · {norm}": {"lr": lr, "norm": norm} for lr in (0.1, 0.2, 0.3) for norm in ("batch", "none")}
    trials = [t for arm, fields in arms.items() for t in reported(arm, [90.0, 91.0, 92.0], fields)]
    trials = [replace(t, val=95.0) if t.arm == list(arms)[2 * best] else t for t in trials]
    plan = spec(arms=arms, tuned_arms={}, baseline="lr 0.1 · batch", table={"rows": "lr", "columns": "norm"})
    said = "The best cell, lr 0.1 · batch, is at the edge of the grid in lr (0.1 / 0.2 / 0.3)"
    assert (said in " ".join(lints(read(plan, trials)))) is edge


def test_the_edge_of_the_range(read: Read) -> None:
    trials = [t for arm, lr in (("relu", 0.9), ("mish", 0.01)) for t in confirmed(arm, [90.0, 91, 92], lr)]
    text = said(read, trials, tuned=True)
    assert (
        "The chosen lr is at the edge of its range, so a better one may lie outside: relu 0.9 of 1e-4 to 1, log."
        in text
    )


@pytest.mark.parametrize(
    ("value", "space", "edge"),
    [
        (0.5, {"low": 0.0, "high": 1.0, "log": False}, False),
        (0.99, {"low": 0.0, "high": 1.0, "log": False}, True),
        (1e-4, {"low": 1e-4, "high": 1.0, "log": True}, True),
        (2e-3, {"low": 1e-4, "high": 1.0, "log": True}, False),
        (0.4, {"choices": [0.0, 0.2, 0.4]}, True),
        (0.0, {"choices": [0.0, 0.2, 0.4]}, False),
        (0.01, {"low": 0.0, "high": 1.0, "log": False}, False),
        (0.2, {"choices": [0.4, 0.2, 0.0]}, False),
        ("adam", {"choices": ["sgd", "adam"]}, False),
        (0.4, {"choices": [0.0, 0.4]}, False),
    ],
)
def test_what_is_an_edge(value: object, space: dict[str, object], edge: bool) -> None:
    assert at_edge(value, space) is edge


def test_diverged_search_trials_are_counted(read: Read) -> None:
    text = " ".join(lints(read(*activations())))
    assert (
        "Search trials that diverged, so that part of the range was wasted: relu 1 of 4, mish 1 of 4, elu 1 of 4."
        in text
    )


def test_missing_and_failed_trials_are_told(read: Read) -> None:
    trials = [replace(CLEAN[0], outcome=None, test=None), replace(CLEAN[1], outcome="failed", test=None), *CLEAN[2:]]
    lines = " ".join(missing(read(spec(arms=BOTH, tuned_arms={}), trials)))
    assert "Missing, as reported: seed 1 of relu." in lines
    assert "Failed, as reported: seed 2 of relu" in lines


BEGUN = 1_800_000_000.0  # seconds since 1970: 2027-01-15 08:00 UTC
HOUR = 3600.0


def _declared(read: Read, when: float, changes: Sequence[dict[str, object]] = ()) -> Judged:
    said = {"hash": "h", "when": BEGUN + when, "parts": {}, "changes": changes}
    said_of_them = [claim("Mish does better", "better", ["mish"], ["relu"])]
    trials = [replace(trial, ended=BEGUN + trial.seed * HOUR) for trial in CLEAN]
    return read(spec(arms=BOTH, tuned_arms={}, claims=said_of_them, declared=said), trials)


def test_what_was_declared_before_the_first_result_is_noted(read: Read) -> None:
    results = _declared(read, -HOUR)
    line = "What is judged (claims, arms, margin, looks) was declared on 2027-01-15 07:00 UTC, before its first result."
    assert line in notes(results)
    assert line in claims.notes(results)
    assert lints(results) == []


def test_what_was_declared_after_the_first_result_is_warned_of(read: Read) -> None:
    results = _declared(read, 2 * HOUR)
    line = (
        "What is judged (claims, arms, margin, looks) was declared on 2027-01-15 10:00 UTC, "
        "when 2 of 6 trials had ended, the first on 2027-01-15 09:00 UTC, here or in another study."
    )
    assert lints(results) == [line]
    assert line in claims.notes(results)
    assert not any("declared" in note for note in notes(results))


def test_what_was_changed_after_the_first_result_is_named(read: Read) -> None:
    early = {"when": BEGUN, "what": ["looks"]}
    late = {"when": BEGUN + 2 * HOUR, "what": ["claims", "margin"]}
    (line,) = lints(_declared(read, 2 * HOUR, [early, late]))
    changed = "Changed after the first result (2027-01-15 09:00 UTC): claims and margin on 2027-01-15 10:00 UTC."
    assert line == f"{changed} The verdicts are not those that were declared."
    assert lints(_declared(read, 0.0, [early])) == [], "before the first result everything may change"
