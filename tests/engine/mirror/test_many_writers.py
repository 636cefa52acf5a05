"""Eight studies begin in one folder at the same moment, where there is no database yet, and somebody looks on."""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from studies.engine import schema
from tests.engine.mirror.stores import (
    OF_TRIAL,
    ORIGIN,
    count,
    points,
    reported,
    rows,
    settle,
    settled,
    start,
)

WRITERS, TRIALS, EPOCHS = 8, 10, 3
HALF = """SELECT run_uuid FROM runs JOIN tags USING (run_uuid) WHERE status = 'FINISHED' AND key = 'kind' AND tags.value = 'trial'
    AND run_uuid NOT IN (SELECT run_uuid FROM metrics)"""


def write(uri: str, writer: int, folder: Path) -> list[str]:
    """A whole study, with a book of its own; what was said of it."""
    folder.mkdir()
    os.chdir(folder)
    said: list[str] = []
    tracker = start(uri, said.append, name=f"study {writer}")
    for seed in range(TRIALS):
        tracker.begun(reported(seed), ORIGIN)
        settle(tracker, settled(reported(seed), epochs=EPOCHS))
    unsent = tracker.close("FINISHED")
    troubles = [line for line in said if not line.startswith("Sending")]  # said where the machine is slow
    return [*troubles, f"{unsent} records were not sent"] if unsent else troubles


@pytest.mark.slow
def test_eight_writers_and_a_reader(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    uri, folders = f"sqlite:///{tmp_path}/mlflow.db", tmp_path_factory.mktemp("writers")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["studies.engine.mirror.mlflow_runs"])
    with ProcessPoolExecutor(WRITERS, context) as pool:
        writers = [pool.submit(write, uri, writer, folders / str(writer)) for writer in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            if (tmp_path / "mlflow.db").exists():
                assert rows(uri, HALF) == [], "a trial that is half there was seen"
            time.sleep(0.05)
    assert [writer.result() for writer in writers] == [[]] * WRITERS
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    assert count(uri, "runs") == WRITERS * (TRIALS + 1)
    assert points(uri) == WRITERS * TRIALS * (EPOCHS * len(schema.EPOCH_METRICS) + OF_TRIAL)
    assert rows(uri, "SELECT DISTINCT status FROM runs") == [("FINISHED",)]
