"""Chaos over nodes: workers, nodes, the object store and the driver are killed at random; the table is that of one machine.

One seed belongs to the tests. Ten:  CHAOS=10 python -m pytest tests/faults/test_chaos_of_nodes.py
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from studies.engine.run.store import MARK
from tests.engine.runs import PATIENCE, Started, Warm, epochs_booked, trained_by
from tests.faults.asserts import assert_as_if_undisturbed, rows
from tests.faults.nodes import Nodes
from tests.faults.s3 import LOGIN, S3Server

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),  # within MLflow
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]
SEEDS = int(os.environ.get("CHAOS", "1"))
STARTS = 3  # of the driver, which is killed before the last
FAULTS = 2  # in one start: a trial outlives two deaths of its worker
NOTICED_SOON = {"RAY_health_check_initial_delay_ms": "1000", "RAY_health_check_period_ms": "1000"}
STUDY = '''
"""Searches and confirmations of two arms: trials of a second each."""
from dataclasses import replace

from studies.engine import Scale, main
from tests.engine.tiny_study import STUDY

main(replace(STUDY, demo=Scale(seeds=2, trials_per_arm=3, train_size=400, epochs=3)))
'''


@pytest.fixture(scope="module")
def alone(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study as one machine trains it."""
    folder = tmp_path_factory.mktemp("alone")
    warm.finish(folder, "--in-process", study=stated(folder))
    return folder


def stated(folder: Path) -> Path:
    path = folder / "study.py"
    path.write_text(STUDY)
    return path


@dataclass(frozen=True)
class Scene:
    """What can be killed, and where the study books."""

    folder: Path
    nodes: Nodes
    store: S3Server
    study: Started


def kill_a_worker(scene: Scene, dice: random.Random) -> None:
    if workers := sorted(trained_by(scene.folder)):
        with suppress(ProcessLookupError):
            os.kill(dice.choice(workers), signal.SIGKILL)


def lose_a_node(scene: Scene, dice: random.Random) -> None:
    """With its worker; another one joins."""
    scene.nodes.lose("a node")
    scene.nodes.add()


def kill_the_store(scene: Scene, dice: random.Random) -> None:
    """It comes back with what it had."""
    scene.store.kill()
    scene.store.start()


def kill_the_driver(scene: Scene, dice: random.Random) -> None:
    scene.study.kill()


def over_after(study: Started, folder: Path, epochs: int) -> bool:
    """Whether the study is over once so many epochs more are booked, or before."""
    wanted, patience = epochs_booked(folder) + epochs, time.monotonic() + PATIENCE
    while not study.over() and epochs_booked(folder) < wanted:
        assert time.monotonic() < patience, study.printed() + study.complained()
        time.sleep(0.01)
    return study.over()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path / "s3.log")
    yield server
    server.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_chaos_of_nodes(
    seed: int, cluster: Callable[..., Nodes], store: S3Server, joining: Warm, tmp_path: Path, alone: Path
) -> None:
    dice, faults = random.Random(seed), []
    nodes, study = cluster(tmp_path, RAY_AUTH_MODE="disabled", **NOTICED_SOON, **LOGIN), stated(tmp_path)
    options = ("--address", nodes.address, "--storage", store.uri)
    for start in range(STARTS):
        running = joining.start(tmp_path, *options, study=study, **LOGIN)
        scene, last = Scene(tmp_path, nodes, store, running), start == STARTS - 1
        now = dice.choices((kill_a_worker, lose_a_node, kill_the_store), k=FAULTS)
        for fault in now if last else [*now, kill_the_driver]:
            if over_after(running, tmp_path, dice.randint(1, 8)):
                break
            faults.append(fault.__name__)
            fault(scene, dice)
    assert faults
    assert running.wait() == 0, f"{faults}\n{running.printed()}{running.complained()}"
    assert_as_if_undisturbed(tmp_path, alone)
    assert rows(tmp_path) == rows(alone)
    assert store.names() == {MARK}, "no checkpoint is left"
