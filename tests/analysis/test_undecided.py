"""What is open, and how many seeds would let it be looked at again."""

import json
from typing import Any

import pytest
from fake_study import claim, reported, spec, write_book

from analysis import undecided

ARMS = {name: {"activation": name} for name in ("relu", "mish", "elu")}
BUDGET = {"seeds": [1, 2, 3], "confirm_seeds": [], "search_seed": 0, "trials_per_arm": 4, "first_look": 3, "at_most": 8}
RELU, MISH, ELU = [90.0, 91.1, 91.9, 90.4, 91.5], [95.0, 89.0, 91.5, 92.0, 90.0], [80.0, 81.2, 81.9]


def asked(capsys: pytest.CaptureFixture[str], seeds: int, **budget: Any) -> dict[str, Any]:
    made = [claim("Mish is better", "better", ["mish"], ["relu"])]
    trials = [*reported("relu", RELU[:seeds]), *reported("mish", MISH[:seeds]), *reported("elu", ELU)]
    write_book(spec(arms=ARMS, tuned_arms={}, claims=made, budget=BUDGET | budget), trials)
    assert undecided.main(["--study", "activations"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_the_arms_of_an_open_question_are_wanted_at_the_next_look(capsys: pytest.CaptureFixture[str]) -> None:
    said = asked(capsys, seeds=3)
    assert said["questions"] == 3
    assert "as reported: mish against relu" in said["open"]
    assert ["reported", "mish", 5] in said["wanted"]


def test_seeds_that_were_added_count_and_after_the_last_look_none_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    more = {"reported": {"relu": 5, "mish": 5}}
    assert ["reported", "mish", 8] in asked(capsys, seeds=5, more_seeds=more)["wanted"]
    assert ["reported", "mish"] not in [one[:2] for one in asked(capsys, 5, more_seeds=more, at_most=5)["wanted"]]
