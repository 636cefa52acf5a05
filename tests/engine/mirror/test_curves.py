"""The curves of a trial: they can be watched while it runs, and in the end each point that counts is there once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from packaging.version import Version

from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.mirror import tracker as tracking
from studies.engine.mirror.mlflow_runs import Runs
from studies.engine.mirror.outbox import Note
from tests.engine.mirror.stores import (
    OF_TRIAL,
    ORIGIN,
    SPEC,
    End,
    advance,
    curves,
    keep,
    points,
    reported,
    rows,
    runs,
    settle,
    settled,
    start,
    track,
    trial_run,
    until,
)

AN_EPOCH = len(schema.EPOCH_METRICS)


def landscape(epochs: int, steps: int) -> End:
    """A trial that tells the loss of every step, and looked along the gradient at the last of each epoch."""
    end = settled(reported(1), epochs=epochs)
    by_step = [tuple(1 / step for step in range(k * steps + 1, (k + 1) * steps + 1)) for k in range(epochs)]
    looks = [(((k + 1) * steps, 1.0, 2.0, 0.5, 0.75, 2.0),) for k in range(epochs)]
    told = [replace(e, step_losses=by_step[k], looks=looks[k]) for k, e in enumerate(end.epochs)]
    return replace(end, epochs=told)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The curves of a running trial are sent whenever they get longer."""
    monkeypatch.setattr(tracking, "LIVE_SECONDS", 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_running_trial_can_be_watched(uri: str) -> None:
    tracker = start(uri)
    tracker.begun(reported(1), ORIGIN)
    advance(tracker, reported(1), curves(1))
    until(lambda: points(uri) == AN_EPOCH)
    advance(tracker, reported(1), curves(2))
    until(lambda: points(uri) == 2 * AN_EPOCH)
    running = trial_run(uri)
    assert (running.info.status, running.data.metrics[schema.VAL_ACC1]) == ("RUNNING", 4.25)
    assert "outcome" not in running.data.tags
    settle(tracker, settled(reported(1)))
    tracker.advanced(reported(1), curves(2)[-1], 2)  # too late: it changes nothing
    assert tracker.close("FINISHED") == 0
    assert points(uri) == 3 * AN_EPOCH + OF_TRIAL
    assert trial_run(uri).data.metrics[schema.VAL_ACC1] == 4.375


def test_a_short_trial_is_not_sent_piecemeal(uri: str) -> None:
    tracker = start(uri)
    tracker.begun(reported(1), ORIGIN)
    advance(tracker, reported(1), curves(2))
    assert tracker.close("KILLED") == 0
    assert points(uri) == 0


@pytest.mark.usefixtures("at_once")
def test_a_curve_goes_on_where_the_study_was_killed(uri: str) -> None:
    for epochs in (2, 4):
        tracker = start(uri)
        tracker.begun(reported(1), ORIGIN)
        advance(tracker, reported(1), curves(epochs))
        assert tracker.close("KILLED") == 0
    track(uri, settled(reported(1), epochs=5))
    run = trial_run(uri)
    assert points(uri) == 5 * AN_EPOCH + OF_TRIAL
    took = [epoch.seconds for epoch in curves(5)]
    times = [run.info.start_time + round(sum(took[: k + 1]) * 1000) for k in range(5)]
    history = MlflowClient(uri).get_metric_history(run.info.run_id, schema.TRAIN_LOSS)
    assert [point.timestamp for point in history] == times


@pytest.mark.usefixtures("at_once")
def test_tried_again_after_a_failure_no_point_of_it_remains(uri: str) -> None:
    track(uri, settled(reported(1), "failed", epochs=2, seconds=3.0))
    track(uri, settled(reported(1), epochs=3))
    assert points(uri) == 3 * AN_EPOCH + OF_TRIAL


@pytest.mark.usefixtures("at_once")
def test_metrics_by_training_step(uri: str) -> None:
    whole = landscape(epochs=2, steps=30)
    tracker = start(uri)
    tracker.begun(reported(1), ORIGIN)
    advance(tracker, reported(1), whole.epochs)
    until(lambda: points(uri) == 2 * AN_EPOCH + 2 * (30 + 5))
    settle(tracker, whole)
    assert tracker.close("FINISHED") == 0
    assert points(uri) == 2 * AN_EPOCH + 2 * (30 + 5) + OF_TRIAL
    history = MlflowClient(uri).get_metric_history(trial_run(uri).info.run_id, "step/loss")
    assert [(point.step, point.value) for point in history] == [(step, 1 / step) for step in range(1, 61)]
    assert ("landscape/smoothness", 2.0, 60) in rows(uri, "SELECT key, value, step FROM latest_metrics")


def test_twenty_thousand_steps(uri: str) -> None:
    track(uri, landscape(epochs=4, steps=5000))
    assert points(uri) == 4 * AN_EPOCH + 4 * (5000 + 5) + OF_TRIAL


@pytest.mark.skipif(
    Version(mlflow.__version__) < Version("3.10"), reason="this MLflow refuses points that it has, when they are many"
)
def test_an_epoch_of_which_a_part_arrived_is_sent_again(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client cuts what it is given, after so many points: here within the first of two epochs."""
    whole, works, calls = landscape(epochs=2, steps=1500), SqlAlchemyStore.log_batch, [0]
    keep(book := Book(Path("results")), whole.trial, whole.epochs)

    def breaks_off(self: SqlAlchemyStore, run_id: str, metrics: list[Metric], *more: Any, **named: Any) -> None:
        calls[0] += len(metrics) > 0
        if calls[0] > 1:
            raise ConnectionError("the line is cut")
        works(self, run_id, metrics, *more, **named)

    def opened() -> Runs:
        return Runs(uri, SPEC, ORIGIN, book, lambda topic, text: None)

    with monkeypatch.context() as outage:
        outage.setattr(SqlAlchemyStore, "log_batch", breaks_off)
        with pytest.raises(ConnectionError):
            opened().write(Note(whole.trial, 2, origin=ORIGIN))
    assert points(uri) > AN_EPOCH
    opened().finish("KILLED", [])
    opened().write(Note(whole.trial, 2, whole.row))
    assert points(uri) == 2 * AN_EPOCH + 2 * (1500 + 5) + OF_TRIAL


def test_without_validation_images_no_epoch_is_sent_again(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = settled(reported(1), epochs=3, val_loss=math.nan, val_acc1=math.nan, val_acc5=math.nan)
    keep(book := Book(Path("results")), whole.trial, whole.epochs)
    works, sent = MlflowClient.log_batch, set[int]()

    def watched(self: MlflowClient, run_id: str, metrics: Sequence[Metric] = (), *more: Any, **named: Any) -> None:
        sent.update(metric.step for metric in metrics)
        works(self, run_id, metrics, *more, **named)

    monkeypatch.setattr(MlflowClient, "log_batch", watched)
    for epochs, row, expected in ((2, None, {1, 2}), (3, whole.row, {3})):
        opened = Runs(uri, SPEC, ORIGIN, book, lambda topic, text: None)
        opened.write(Note(whole.trial, epochs, row, origin=ORIGIN))
        assert sent == expected
        opened.finish("KILLED", [])
        sent.clear()


@pytest.mark.slow
def test_more_than_one_request_holds(server: tuple[str, Callable[[], Popen[bytes]]], uri: str) -> None:
    address, begin = server
    begin()
    said: list[str] = []
    track(address, settled(reported(2), epochs=150), landscape(epochs=1, steps=2500), say=said.append)
    assert [line for line in said if not line.startswith("Sending")] == []  # said where the machine is slow
    assert {run.info.status for run in runs(uri, "trial")} == {"FINISHED"}
    assert points(uri) == 150 * AN_EPOCH + OF_TRIAL + AN_EPOCH + 2500 + 5 + OF_TRIAL
