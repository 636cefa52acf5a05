"""``--decide`` between a conductor that trains formulas and an analysis that says what this test wants it to say."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from rich.console import Console

from studies.engine.book.book import Book
from studies.engine.plan.plan import Plan
from studies.engine.plan.spec import declaration, given_before
from studies.engine.run.conduct import Conductor, Means
from studies.engine.study.budget import Budget
from studies.engine.terminal.decide import OpenQuestions, Rounds, ask_the_analysis
from tests.engine.driving import spec_of
from tests.engine.run.test_conduct import Workers
from tests.engine.simulated import plan, study

OPEN = OpenQuestions(
    6, ("tanh against relu, as reported: +0.3 ± 1.1",), {("reported", "relu"): 4, ("reported", "tanh"): 4}
)
TUNED = OpenQuestions(6, ("tanh against relu, tuned: +0.1 ± 0.9",), {("confirm", "tanh"): 3})
DONE = OpenQuestions(6, (), {})
STUCK = OpenQuestions(6, OPEN.open, {})
FEW = plan(replace(study(), budget=Budget(seeds=2, trials_per_arm=4, at_most=4)))


def run(root: Path, of: Plan, *standings: OpenQuestions) -> tuple[Conductor, str]:
    """Run the study to its end, while the analysis says this after each round; returns what was printed too."""
    printed, answers = StringIO(), iter(standings)
    table = Book(root).table("simulated", "report")

    def ask(asked: Plan) -> OpenQuestions:
        rows = [json.loads(line) for line in table.rows_file.read_text().splitlines()]
        stages = [(row["stage"], row["arm"]) for row in rows]
        for arm in ("relu", "tanh"):
            assert stages.count(("reported", arm)) == asked.seeds("reported", arm), "the table is whole"
        assert given_before(table.spec()) == asked.more_seeds
        return next(answers)

    rounds = Rounds(Console(file=printed, width=200), lambda of: 10.0 * len(of.reported_runs()), ask)
    means = Means(data_dir=root, device="cpu", slots=3, origin={"device": "cpu"})
    driver = Conductor(of, Book(root), means, spec_of, [], rounds)
    Workers(driver, seed=0).run()
    assert driver.agenda.finished()
    assert next(answers, None) is None
    return driver, printed.getvalue()


def seeds(driver: Conductor, stage: str, arm: str) -> list[int]:
    return sorted(t.recipe.seed for t in driver.agenda.trials.values() if (t.stage, t.arm) == (stage, arm))


def test_seeds_are_added_round_by_round_to_the_arms_that_need_them(tmp_path: Path) -> None:
    driver, printed = run(tmp_path, FEW, OPEN, TUNED, DONE)
    assert seeds(driver, "reported", "relu") == seeds(driver, "reported", "tanh") == [1, 2, 3, 4]
    assert seeds(driver, "reported", "sigmoid") == [1, 2]
    assert seeds(driver, "confirm", "tanh") == [101, 102, 103]
    assert seeds(driver, "confirm", "relu") == [101, 102]
    lines = printed.splitlines()
    assert lines[:3] == [
        "1 of 6 questions are open:",
        "  tanh against relu, as reported: +0.3 ± 1.1",
        "Round 2: 4 seeds of relu, tanh (as set); 4 trials, about 40 s.",
    ]
    assert lines[-1] == "All 6 questions are decided."


def test_what_stays_open_at_the_most_is_said(tmp_path: Path) -> None:
    driver, printed = run(tmp_path, FEW, OPEN, STUCK)
    assert seeds(driver, "reported", "relu") == [1, 2, 3, 4]
    assert printed.splitlines()[-1] == (
        "No seeds are added: these questions have 4 seeds already, or even 4 would hardly decide them (--at-most)."
    )


def test_arms_that_this_start_does_not_train_get_no_seeds() -> None:
    part = replace(FEW, only="reported", wanted=frozenset({"relu"}))
    wanted = {**OPEN.wanted, **TUNED.wanted}
    wider = Rounds(Console(quiet=True), lambda of: 10.0, lambda of: replace(OPEN, wanted=wanted))(part)
    assert wider is not None
    assert wider.more_seeds == {("reported", "relu"): 4}
    printed = StringIO()
    assert Rounds(Console(file=printed, width=200), lambda of: 10.0, lambda of: TUNED)(part) is None
    assert printed.getvalue().endswith("they would be of arms that this start does not train; leave out --only.\n")


def test_asked_for_what_is_there_already_it_ends(tmp_path: Path) -> None:
    run(tmp_path, FEW, OPEN, OPEN)


def test_broken_off_it_goes_on_with_the_seeds_it_had(tmp_path: Path) -> None:
    run(tmp_path, FEW, OPEN, DONE)
    given = given_before(Book(tmp_path).table("simulated", "report").spec())
    again, _ = run(tmp_path, FEW.with_seeds(given), TUNED, DONE)
    assert seeds(again, "reported", "relu") == [1, 2, 3, 4]
    assert seeds(again, "confirm", "tanh") == [101, 102, 103]


def test_what_the_analysis_prints_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = {"questions": 6, "open": list(TUNED.open), "wanted": [["confirm", "tanh", 3]]}
    monkeypatch.setattr(subprocess, "run", lambda command, **_: CompletedProcess(command, 0, json.dumps(printed)))
    assert ask_the_analysis(FEW) == TUNED


def declared(**changes: Any) -> Iterator[dict[str, Any]]:
    budget = {"first_look": 5, "at_most": 12, "searches": 1, "seeds": [1, 2, 3, 4, 5]}
    spec = {"claims": [{"kind": "best"}], "margin": 0.5, "arms": {"a": {}}, "baseline": "a", "budget": budget}
    before = {"declared": declaration(spec, {}, 100.0)}
    yield before["declared"]
    yield declaration({**spec, **changes}, before, 200.0)


def test_what_is_declared_is_as_old_as_its_last_change() -> None:
    first, again = declared()
    assert again == first
    assert first["when"] == 100.0
    first, later = declared(margin=1.0)
    assert later["hash"] != first["hash"]
    assert later["when"] == 200.0
    assert later["changes"] == [{"when": 200.0, "what": ["margin"]}]
    assert first["changes"] == again["changes"] == []
