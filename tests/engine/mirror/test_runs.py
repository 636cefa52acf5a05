"""What a person finds of a study in MLflow."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from studies.engine import schema
from studies.engine.book.table import Row
from studies.engine.mirror import mlflow_entities as entities
from tests.engine.mirror.stores import (
    PLAN,
    count,
    dataset_of,
    points,
    reported,
    runs,
    settle,
    settled,
    start,
    track,
    trial_run,
)


def test_a_trial_as_a_person_finds_it(uri: str) -> None:
    candidate = PLAN.candidate("relu", 1, 4, {"lr": 0.003})
    track(uri, settled(candidate))
    run, (parent,) = trial_run(uri), runs(uri, "study")
    assert (run.info.run_name, run.info.status) == ("relu · search 4 · lr 3e-3", "FINISHED")
    expected = {
        "kind": "trial", "study": "activations", "scale": "demo", "arm": "relu", "stage": "search", "seed": "0",
        "number": "4", "signature": candidate.signature, "dataset_digest": "0123abcd",
        "outcome": "completed", "device": "cpu", "trials_on_device": "2", "mlflow.parentRunId": parent.info.run_id,
    }  # fmt: skip
    assert {name: run.data.tags.get(name) for name in expected} == expected
    assert {"mlflow.user", "mlflow.source.name", "versions", "host"} <= run.data.tags.keys()
    assert (run.data.params["lr"], run.data.params["activation"], run.data.params["seed"]) == ("0.003", "relu", "0")
    assert "width" not in run.data.params  # the network has no such option
    history = MlflowClient(uri).get_metric_history(run.info.run_id, schema.VAL_ACC1)
    assert [(metric.step, metric.value) for metric in history] == [(1, 4.125), (2, 4.25), (3, 4.375)]
    assert run.data.metrics[schema.TEST_ACC1] == 90.0
    dataset = dataset_of(run)
    assert (dataset.name, dataset.digest) == ("mnist5k", "0123abcd")
    assert json.loads(dataset.profile or "")["test"] == 3


def test_the_study_as_a_person_finds_it(uri: str) -> None:
    track(uri)
    (parent,) = runs(uri, "study")
    assert (parent.info.run_name, parent.info.status) == ("activations · demo", "FINISHED")
    assert "Which is best?" in parent.data.tags["mlflow.note.content"]
    assert dataset_of(parent).name == "mnist5k"


def test_the_parent_run_carries_the_result(uri: str) -> None:
    track(uri, *(settled(reported(seed)) for seed in (1, 2)), settled(PLAN.as_reported("tanh", 1)))
    (parent,) = runs(uri, "study")
    assert parent.data.metrics["test/acc1 as set relu"] == 90.0
    assert parent.data.metrics["test/acc1 as set tanh"] == 90.0
    assert not [tag for tag in parent.data.tags if tag.startswith("chosen")], "arms on unequal seeds, and one not begun"


def test_the_arm_that_validation_data_choose_is_a_tag() -> None:
    spec = {"reported": {"a": {}}, "arms": {"a": {}, "b · 5 %": {}}, "tuned_arms": {}}
    rows = [one_row(arm, score) for arm, score in (("a", 90.0), ("b · 5 %", 91.0), ("a", 92.0), ("b · 5 %", 93.0))]
    points, tags = entities.result(rows, spec)
    assert {(point.key, point.value) for point in points} == {
        ("test/acc1 as reported a", 91.0),
        ("test/acc1 as reported b _ 5 _", 92.0),
    }
    assert [(tag.key, tag.value) for tag in tags] == [("chosen as reported", "b · 5 %")]


def one_row(arm: str, score: float) -> Row:
    row = settled(reported(1)).row
    assert row is not None
    return replace(row, arm=arm, metrics={schema.TEST_ACC1: score, schema.VAL_ACC1: score})


def test_the_book_comes_with_the_study(uri: str, tmp_path: Path) -> None:
    """Who has nothing but MLflow makes the same tables from it."""
    tracker = start(uri)
    end = settled(reported(1), epochs=2)
    table = tracker.book.table("activations", "demo")
    settle(tracker, end)
    table.add(end.row)
    said = tracker.book.folder(end.trial.signature) / "predictions.npz"
    said.write_bytes(b"what it says")
    (table.folder / "test_set.d1.npz").write_bytes(b"of what")
    assert tracker.close("FINISHED") == 0
    (parent,) = runs(uri, "study")
    folder = Path(MlflowClient(uri).download_artifacts(parent.info.run_id, "book", str(tmp_path)))
    assert (folder / "spec.json").read_bytes() == table.spec_file.read_bytes()
    assert (folder / "trials.jsonl").read_bytes() == table.rows_file.read_bytes()
    curves = [json.loads(line) for line in (folder / "curves.jsonl").read_text().splitlines()]
    assert [(epoch["signature"], epoch["epoch"]) for epoch in curves] == [
        (end.trial.signature, 1),
        (end.trial.signature, 2),
    ]
    assert [epoch["val/acc1"] for epoch in curves] == [each.val_acc1 for each in end.epochs]
    assert (folder / "predictions" / f"{end.trial.signature}.npz").read_bytes() == said.read_bytes()
    assert (folder / "test_set.d1.npz").read_bytes() == b"of what"


def test_the_result_comes_with_the_study(uri: str, tmp_path: Path) -> None:
    (tmp_path / "tables.html").write_text("<table>")
    tracker = start(uri)
    assert tracker.close("FINISHED") == 0
    tracker.keep_result([tmp_path / "tables.html"])
    (parent,) = runs(uri, "study")
    assert [file.path for file in MlflowClient(uri).list_artifacts(parent.info.run_id, "result")] == [
        "result/tables.html"
    ]


def test_numbers_that_are_none_are_left_out(uri: str) -> None:
    none = {"train_loss": math.nan, "val_loss": math.inf}
    track(uri, settled(reported(1), "diverged", **none))
    metrics = trial_run(uri).data.metrics
    assert not metrics.keys() & {schema.TRAIN_LOSS, schema.VAL_LOSS}
    assert metrics[schema.VAL_ACC1] == 4.375


def test_more_epochs_than_one_batch_holds(uri: str) -> None:
    track(uri, settled(reported(1), epochs=100))
    assert points(uri) == 100 * len(schema.EPOCH_METRICS) + 2


def test_a_relative_address_means_where_the_study_began(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Path(uri.removeprefix("sqlite:///"))
    tracker = start(f"sqlite:///{database.name}")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    settle(tracker, settled(reported(1)))
    assert tracker.close("FINISHED") == 0
    assert trial_run(uri).info.status == "FINISHED"
    assert list(tmp_path.rglob("*.db")) == [database]


def test_a_new_database_is_whole_or_not_there(making: list[Path]) -> None:
    path, *while_made = making
    assert path not in while_made
    assert list(path.parent.iterdir()) == [path]
    assert count(f"sqlite:///{path}", "experiments") == 1


INTO_POSTGRESQL = """
import json, sys
from mlflow import MlflowClient
from studies.engine import schema
from tests.engine.mirror.stores import dataset_of, reported, runs, settled, track

uri = sys.argv[1]
ends = [settled(reported(1)), settled(reported(2), "diverged", epochs=2)]
track(uri, *ends)
track(uri, *ends, settled(reported(3), "failed", epochs=1))
found = {run.data.tags["seed"]: run for run in runs(uri, "trial")}
history = MlflowClient(uri).get_metric_history(found["1"].info.run_id, schema.VAL_ACC1)
print(json.dumps({
    "ends": {seed: [run.info.status, run.data.tags["outcome"]] for seed, run in found.items()},
    "history": [[metric.step, metric.value] for metric in history], "dataset": dataset_of(found["2"]).name,
}))
"""


@pytest.mark.slow
def test_into_postgresql(postgres: str) -> None:
    """A second start finds all of it there. In a process of its own: MLflow closes no connection."""
    done = subprocess.run([sys.executable, "-c", INTO_POSTGRESQL, postgres], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "ends": {"1": ["FINISHED", "completed"], "2": ["FINISHED", "diverged"], "3": ["FAILED", "failed"]},
        "history": [[1, 4.125], [2, 4.25], [3, 4.375]],
        "dataset": "mnist5k",
    }
