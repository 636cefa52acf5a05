"""The table of a study: what was run, and a typed line a trial that ended."""

import json
import math
from pathlib import Path

import pandas
import pytest

from cnnzoo.mistake import Mistake
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.table import SUGGESTIONS, Suggestions, Table
from studies.engine.course import Outcome
from studies.engine.plan.plan import Plan
from tests.engine.driving import conductor, epoch
from tests.engine.simulated import plan, study

OF = plan(study(trials=1, epochs=3))


def booked(book: Book, of: Plan, *outcomes: str) -> None:
    """The first trials of the study, as reported, with these outcomes; each has two epochs."""
    for trial, ended in zip(of.reported(), outcomes, strict=False):
        book.begin(trial.signature, trial.recipe.to_json(), {"host": "there", "device": "cpu"})
        for number, score in ((1, 50.0), (2, math.nan)):
            book.add(trial.signature, epoch(number, score))
        metrics = {schema.TEST_ACC1: 90.0} if ended == "completed" else {}
        book.end(trial.signature, Outcome(ended, 2, score, metrics, "it broke" if ended == "failed" else ""))


def started(root: Path, of: Plan = OF) -> pandas.DataFrame:
    """The table after a start of the study at which nothing is trained."""
    conductor(of, root)
    return table(root)


def table(root: Path) -> pandas.DataFrame:
    return pandas.read_json(root / "studies" / "simulated.report" / "trials.jsonl", lines=True)


def test_a_row_has_all_that_is_known_of_a_trial(tmp_path: Path) -> None:
    booked(Book(tmp_path), OF, "completed", "diverged")
    rows = started(tmp_path)
    assert list(rows["arm"]) == ["relu", "sigmoid"]
    row = json.loads((tmp_path / "studies" / "simulated.report" / "trials.jsonl").read_text().splitlines()[0])
    trial = OF.reported()[0]
    expected = {
        "arm": "relu", "stage": "reported", "seed": 1, "number": None, "signature": trial.signature,
        "name": "relu · seed 1", "outcome": "completed", "reason": "", "device": "cpu", "host": "there",
        "dataset_digest": "data", "model": "lenet", "activation": "relu", "lr": 0.01, "epochs": 3, "epochs_done": 2.0,
        "test/acc1": 90.0, "train/acc1": 1.0, "val/acc1": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert isinstance(row["started"], float)
    assert row["ended"] >= row["started"]


def test_a_table_that_a_kill_left_behind_is_mended(tmp_path: Path) -> None:
    """The trial ended, but its line was lost, or only begun."""
    booked(Book(tmp_path), OF, "completed")
    whole = started(tmp_path)
    path = tmp_path / "studies" / "simulated.report" / "trials.jsonl"
    for left in ("", path.read_text()[:30]):
        path.write_text(left)
        assert started(tmp_path).equals(whole)


def test_a_line_is_added_when_a_trial_ends(tmp_path: Path) -> None:
    book = Book(tmp_path)
    booked(book, OF, "completed")
    driver = conductor(OF, tmp_path)
    before = len(table(tmp_path))
    order = driver.next()
    assert order is not None
    driver.heard(order.signature, {"host": "here"})
    driver.heard(order.signature, Outcome("failed", 0, math.nan, reason="no memory at postgresql://ann:secret@db/x"))
    rows = table(tmp_path)
    assert len(rows) == before + 1
    assert rows.iloc[-1][["signature", "outcome", "reason"]].to_list() == [
        order.signature, "failed", "no memory at postgresql://***@db/x",
    ]  # fmt: skip


def test_what_failed_has_no_row_while_it_is_tried_again(tmp_path: Path) -> None:
    booked(Book(tmp_path), OF, "completed", "failed")
    assert list(started(tmp_path)["outcome"]) == ["completed"]


def test_a_trial_belongs_to_the_arm_that_the_study_gives_it_now(tmp_path: Path) -> None:
    booked(Book(tmp_path), OF, "completed")
    assert list(started(tmp_path)["arm"]) == ["relu"]
    arms = {("rectified" if name == "relu" else name): arm for name, arm in OF.study.arms.items()}
    renamed = study(trials=1, epochs=3)
    renamed = type(renamed)(**{**vars(renamed), "arms": arms, "baseline": "rectified"})
    assert list(started(tmp_path, plan(renamed))["arm"]) == ["rectified"]


def test_a_format_that_is_not_known_yet_is_refused(tmp_path: Path) -> None:
    table = Book(tmp_path).table("simulated", "report")
    table.write({"name": "simulated"}, [])
    table.check_format()
    table.spec_file.write_text(json.dumps({"format": 3}))
    with pytest.raises(Mistake, match=r"spec.json has format 3, but this version .* knows formats up to 2: update it"):
        table.check_format()


def test_suggestions_are_there_at_the_next_start_but_for_a_damaged_line(tmp_path: Path) -> None:
    kept = Suggestions(Table(tmp_path / "tiny.smoke"))
    kept["first"], kept["none left"], kept["tuple"] = ({"lr": 0.01}, 1), (None, 2), ({"stem": (3, 3)}, 3)
    with (tmp_path / "tiny.smoke" / SUGGESTIONS).open("a") as file:
        file.write('["cut", {"lr"')
    assert Suggestions(Table(tmp_path / "tiny.smoke")) == kept
