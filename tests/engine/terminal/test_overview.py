"""``python -m studies``: how far every study is, told from the ledger alone, and all of them run in order."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from studies.__main__ import found, in_order
from studies.engine import Arm
from studies.engine.book.ledger import Ledger, Result
from studies.engine.plan.options import Options
from studies.engine.plan.prepare import Machine, prepare
from studies.engine.terminal.overview import planned, progress_of
from tests.engine.tiny_study import STUDY


def test_before_anything_was_run(tmp_path: Path) -> None:
    arms, budget = len(STUDY.arms), STUDY.budget_at("smoke")
    trials = arms * (2 * budget.seeds + budget.trials_per_arm + budget.runoff_trials)
    assert planned(STUDY, "smoke") == trials
    assert progress_of(STUDY, "smoke", Ledger(tmp_path / "none")) == f"{trials} x {STUDY.smaller('smoke')['epochs']}"


def test_epochs_that_differ_by_arm(tmp_path: Path) -> None:
    study = replace(STUDY, arms={"relu": Arm(), "long": Arm(epochs=6)}, tune={}, claims=[])
    assert progress_of(study, "report", Ledger(tmp_path / "none")) == "4 x 3 or 6"


def test_it_says_nothing_of_the_searches_it_goes_through(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Optuna would tell of every one that is made."""
    assert " of " in progress_of(STUDY, "smoke", Ledger(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_what_stands_in_the_ledger_is_done(tmp_path: Path) -> None:
    study, ledger = replace(STUDY, tune={}), Ledger(tmp_path)
    plan = prepare(study, Options(scale="smoke"), Machine.here(), ledger).plan
    trials = plan.reported()
    folder = ledger.folder(trials[0].signature)
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(asdict(Result("completed"))))
    assert progress_of(study, "smoke", ledger) == f"1 of {len(trials)} done, x {plan.base.epochs}"


def test_data_that_are_not_here_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = replace(STUDY, base=STUDY.base.replace(dataset="cifar100", image_size=28, train_size=None))
    assert progress_of(report, "report", Ledger(tmp_path)) == f"{planned(report, 'report')} x {report.base.epochs}"
    assert not (tmp_path / "data").exists()


def test_a_study_comes_after_those_that_choose_for_it() -> None:
    taker = replace(STUDY, name="a_taker", arms={**STUDY.arms, "chosen": Arm(chosen_in=STUDY, lr=0.2)})
    assert list(in_order([taker, STUDY])) == [STUDY, taker]
    assert {study.name for study in found()} >= {"activations", "vgg_bn_vs_nobn"}
