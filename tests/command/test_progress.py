"""How far a study is and what it costs, told from its table alone."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from studies.command.listing import planned, progress
from studies.engine import Arm
from studies.engine.book.book import Book
from studies.engine.book.table import Row
from tests.engine.runs import ROOT
from tests.engine.tiny_study import STUDY


def row(signature: str, outcome: str = "completed") -> Row:
    about = {"arm": "relu", "stage": "reported", "name": "relu · seed 1", "reason": "", "device": "cpu", "host": "here"}
    when = {"seed": 1, "search": None, "number": None, "started": 1.0, "ended": 9.0}
    trained = {"recipe": {"model": "lenet"}, "metrics": {"seconds": 20.0, "epochs_done": 3.0}}
    which = {"signature": signature, "outcome": outcome, "dataset_digest": "", "versions": ""}
    return Row(**about, **when, **trained, **which)  # type: ignore[arg-type]


def test_before_anything_was_run(tmp_path: Path) -> None:
    """Each of two arms: on 2 seeds as reported; 11 candidates, a run-off, and 2 seeds to confirm."""
    trials = 2 * (2 + 11 + STUDY.budget_at("smoke").runoff_trials + 2)
    assert planned(STUDY, "smoke") == trials
    assert progress(STUDY, "smoke", Book(tmp_path).table("tiny", "smoke")) == f"{trials} trials of 3 epochs"


def test_epochs_that_differ_by_arm(tmp_path: Path) -> None:
    study = replace(STUDY, arms={"relu": Arm(), "long": Arm(epochs=6)}, tune={}, claims=[])
    assert progress(study, "report", Book(tmp_path).table("tiny", "report")) == "4 trials of 3 or 6 epochs"


def test_what_has_a_row_is_done_and_what_failed_is_not(tmp_path: Path) -> None:
    """Two arms on 2 seeds are 4 trials. A last line that was cut short is not counted."""
    table, study = Book(tmp_path).table("tiny", "smoke"), replace(STUDY, tune={}, claims=[])
    table.folder.mkdir(parents=True)
    table.write({}, [row("a"), row("b", "stopped"), row("c", "failed")])
    with table.rows_file.open("a") as file:
        file.write('{"arm": "relu", "stage"')
    assert progress(study, "smoke", table) == "2 of 4 trials of 3 epochs done, in 2 min of training"
    table.write({}, [row(signature) for signature in "abcdef"])
    assert progress(study, "smoke", table) == "6 trials of 3 epochs done, in 6 min of training"


def test_no_search_and_no_tracking_are_imported_for_a_list() -> None:
    heavy = {"scipy.stats", "mlflow", "ray", "pandas", "studies.engine.search.agenda"}
    code = f"import sys, studies.command.listing, studies.activations; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n"
