"""How far a study is, told from the book alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from studies.engine import Arm
from studies.engine.book.book import Book
from studies.engine.course import Outcome
from studies.engine.plan.options import Options
from studies.engine.plan.prepare import Machine, prepare
from studies.engine.terminal.overview import planned, progress_of
from tests.engine.tiny_study import STUDY


def test_before_anything_was_run(tmp_path: Path) -> None:
    arms, budget = len(STUDY.arms), STUDY.budget_at("smoke")
    trials = arms * (2 * budget.seeds + budget.trials_per_arm + budget.runoff_trials)
    assert planned(STUDY, "smoke") == trials
    assert progress_of(STUDY, "smoke", Book(tmp_path / "none")) == f"{trials} x {STUDY.smaller('smoke')['epochs']}"


def test_epochs_that_differ_by_arm(tmp_path: Path) -> None:
    study = replace(STUDY, arms={"relu": Arm(), "long": Arm(epochs=6)}, tune={}, claims=[])
    assert progress_of(study, "report", Book(tmp_path / "none")) == "4 x 3 or 6"


def test_it_says_nothing_of_the_searches_it_goes_through(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Optuna would tell of every one that is made."""
    assert " of " in progress_of(STUDY, "smoke", Book(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_what_stands_in_the_book_is_done(tmp_path: Path) -> None:
    study, book = replace(STUDY, tune={}), Book(tmp_path)
    plan = prepare(study, Options(scale="smoke"), Machine.here(), book).plan
    trials = plan.reported()
    book.end(trials[0].signature, Outcome("completed", 0, 0.0))
    assert progress_of(study, "smoke", book) == f"1 of {len(trials)} done, x {plan.base.epochs}"


def test_data_that_are_not_here_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = replace(STUDY, base=STUDY.base.replace(dataset="cifar100", image_size=28, train_size=None))
    assert progress_of(report, "report", Book(tmp_path)) == f"{planned(report, 'report')} x {report.base.epochs}"
    assert not (tmp_path / "data").exists()
