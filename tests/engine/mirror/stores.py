"""Stores that the tests of the tracker write to, and what stands in them."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, Run, ViewType

from cnnzoo import Epoch
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.epochs import field_of, metrics
from studies.engine.book.table import Row
from studies.engine.mirror.tracker import Tracker
from studies.engine.plan.plan import Trial
from tests.engine.simulated import plan, study

PLAN = plan(study())
COUNTS = {"train": 7, "validation": 2, "test": 3}
DATASET = {"name": "mnist5k", "digest": "0123abcd", "classes": 10, "shape": [1, 28, 28], **COUNTS}
SPEC: dict[str, Any] = {
    "name": "activations", "question": "Which is best?", "scale": "demo", "dataset": DATASET,
    "arms": {"relu": {}}, "tuned_arms": {}, "baseline": "relu", "reported": {},
}  # fmt: skip
ORIGIN = {
    "mlflow.user": "ada", "mlflow.source.name": "studies/activations.py", "host": "here", "versions": "torch 2.15",
    schema.DEVICE: "cpu", schema.SHARED_DEVICE: "2",
}  # fmt: skip
OF_TRIAL = 2  # metrics of a whole trial, as settled here


def reported(seed: int) -> Trial:
    return PLAN.as_reported("relu", seed)


def curves(epochs: int, **odd: Any) -> list[Epoch]:
    names = [field_of(name) for name in schema.EPOCH_METRICS]
    return [
        Epoch(**{**{name: k + number / 8 for k, name in enumerate(names)}, "number": number, **odd})
        for number in range(1, epochs + 1)
    ]


@dataclass(frozen=True)
class End:
    """How a trial ends, with its epochs."""

    trial: Trial
    row: Row
    epochs: list[Epoch]


def settled(trial: Trial, outcome: str = "completed", epochs: int = 3, **odd: Any) -> End:
    booked = curves(epochs, **odd)
    last = metrics(booked[-1]) if booked else {}
    row = Row(
        arm=trial.arm, stage=trial.stage, seed=trial.recipe.seed, search=trial.search, number=trial.number, signature=trial.signature,
        name=trial.name, outcome=outcome, reason="it broke" if outcome == "failed" else "", started=None, ended=None,
        device="cpu", host="here", dataset_digest="0123abcd", versions="torch 2.15", recipe=trial.recipe.to_json(),
        metrics={**last, schema.EPOCHS_DONE: float(epochs), schema.TEST_ACC1: 90.0},
    )  # fmt: skip
    return End(trial, row, booked)


def start(uri: str, say: Callable[[str], None] = print, **spec: Any) -> Tracker:
    whole = {**SPEC, **spec}
    book = Book(Path("results").absolute())
    book.table(whole["name"], whole["scale"]).write(whole, [])
    return Tracker(uri, whole, ORIGIN, book, say)


def keep(book: Book, trial: Trial, epochs: Sequence[Epoch]) -> None:
    """The book has these epochs of the trial, and no others."""
    shutil.rmtree(book.folder(trial.signature), ignore_errors=True)
    book.begin(trial.signature, trial.recipe.to_json(), ORIGIN)
    for epoch in epochs:
        book.add(trial.signature, epoch)


def advance(tracker: Tracker, trial: Trial, epochs: Sequence[Epoch]) -> None:
    """A trial is so far, and all of that counts."""
    keep(tracker.book, trial, epochs)
    tracker.advanced(trial, epochs[-1], len(epochs))


def settle(tracker: Tracker, end: End) -> None:
    keep(tracker.book, end.trial, end.epochs)
    tracker.ended(end.trial, end.row)


def track(uri: str, *ends: End, status: str = "FINISHED", say: Callable[[str], None] = print, **spec: Any) -> None:
    """A whole start of a study in which these trials end."""
    tracker = start(uri, say, **spec)
    for end in ends:
        tracker.begun(end.trial, ORIGIN)
        settle(tracker, end)
    assert tracker.close(status) == 0


def runs(uri: str, kind: str, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    client = MlflowClient(uri)
    return list(client.search_runs([experiment_of(client)], f"tags.kind = '{kind}'", view, 1000))


def experiment_of(client: MlflowClient) -> str:
    experiment = client.get_experiment_by_name("activations")
    assert experiment is not None
    return str(experiment.experiment_id)


def dataset_of(run: Run) -> Dataset:
    assert run.inputs is not None
    (given,) = run.inputs.dataset_inputs
    return given.dataset


def trial_run(uri: str) -> Run:
    (run,) = runs(uri, "trial", ViewType.ALL)
    return run


def rows(uri: str, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def count(uri: str, table: str) -> int:
    return int(rows(uri, f"SELECT COUNT(*) FROM {table}")[0][0])


def points(uri: str) -> int:
    """How many values the trials' metrics have, without those of the study's own run."""
    of_trials = "SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId'"
    return int(rows(uri, f"SELECT COUNT(*) FROM metrics WHERE run_uuid IN ({of_trials})")[0][0])


def until(holds: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, 15)
        process.wait(20)
