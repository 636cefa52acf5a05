"""Ray in trouble: a node lost, the head lost, memory short, a token missing or wrong: rows 7, 11, 14, 15, 35 and 36."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import MethodType, SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from ray.air.execution._internal import actor_manager
from ray.core.generated.common_pb2 import ActorDiedErrorContext
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.tune.execution import tune_controller
from ray.tune.experiment import Trial as RayTrial

from studies.engine.run.on_ray import cluster as ray_cluster
from studies.engine.run.on_ray import tuner
from studies.engine.run.on_ray.actor import WORKER_DIED, died_of
from tests.engine.driving import conductor
from tests.engine.runs import Warm, booked, epochs_booked, finish, trained_by, until
from tests.engine.simulated import plan, study
from tests.faults.asserts import assert_as_if_undisturbed, assert_one_line, statuses
from tests.faults.nodes import Nodes

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")  # within MLflow


FOUR_TRIALS = '''
"""Four trials, long enough to be caught at work."""
from dataclasses import replace

from studies.engine import Scale, main
from tests.engine.tiny_study import STUDY

main(replace(STUDY, tune={}, demo=Scale(seeds=2, trials_per_arm=1, train_size=3000, epochs=3)))
'''


def home(folder: Path, token: str | None = None) -> dict[str, str]:
    """The environment of somebody with a home of his own, and maybe a token in it."""
    path = folder / ".ray" / "auth_token"
    path.parent.mkdir(parents=True, exist_ok=True)
    if token is not None:
        path.write_text(token)
        path.chmod(0o600)
    return {"HOME": str(folder)}


def until_both_nodes_train(folder: Path) -> None:
    """The node that is first waits for the other one: under load a worker takes longer to start than a trial to end."""
    until(lambda: bool(trained_by(folder)), "a trial")
    first = min(trained_by(folder))
    os.kill(first, signal.SIGSTOP)
    until(lambda: len(trained_by(folder)) == 2, "a trial on each node")
    os.kill(first, signal.SIGCONT)
    until(lambda: epochs_booked(folder) > 1, "two epochs")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_is_lost(cluster: Callable[..., Nodes], warm: Warm, joining: Warm, tmp_path: Path) -> None:
    """What it trained goes on elsewhere, from its last epoch."""
    path, undisturbed = tmp_path / "four_trials.py", tmp_path / "undisturbed"
    path.write_text(FOUR_TRIALS)
    undisturbed.mkdir()
    warm.finish(undisturbed, "--in-process", study=path)
    noticed_soon = {"RAY_health_check_initial_delay_ms": "1000", "RAY_health_check_period_ms": "1000"}
    nodes = cluster(tmp_path, RAY_AUTH_MODE="disabled", **noticed_soon)
    study = joining.start(tmp_path, "--address", nodes.address, study=path)
    until_both_nodes_train(tmp_path)
    before = booked(tmp_path)
    nodes.lose("a node")
    assert study.wait() == 0, study.printed() + study.complained()
    assert {epoch: booked(tmp_path).get(epoch) for epoch in before} == before, "no epoch was trained again"
    assert_as_if_undisturbed(tmp_path, undisturbed)


@pytest.mark.slow
def test_the_head_is_lost(
    cluster: Callable[..., Nodes], warm: Warm, joining: Warm, tmp_path: Path, undisturbed: Path
) -> None:
    nodes = cluster(tmp_path, RAY_AUTH_MODE="disabled")
    study = joining.start(tmp_path, "--address", nodes.address)
    until(lambda: epochs_booked(tmp_path) > 3, "some epochs")
    nodes.lose("the head")
    assert_one_line(study, 4, f"the Ray cluster at {nodes.address} went away", "the same command goes on")
    assert "RUNNING" not in statuses(tmp_path)
    before = booked(tmp_path)
    warm.finish(tmp_path, "--in-process")
    assert {epoch: booked(tmp_path).get(epoch) for epoch in before} == before, "no epoch was trained again"
    assert_as_if_undisturbed(tmp_path, undisturbed)


@pytest.mark.slow
def test_a_cluster_wants_its_token(cluster: Callable[..., Nodes], tmp_path: Path) -> None:
    """It is taken from where Ray keeps it; without it, or with another one, a line says where it belongs."""
    nodes = cluster(tmp_path, RAY_AUTH_MODE="token", **home(tmp_path / "theirs", "a" * 32))
    for who in (home(tmp_path / "nobody"), home(tmp_path / "stranger", "b" * 32)):
        said = finish(tmp_path, "--address", nodes.address, code=4, **who)
        ours = said.splitlines()[-1]  # before it stands what Ray's own C++ says of it, beyond Python's reach
        assert ours.startswith(f"error: the Ray cluster at {nodes.address}")
        assert "RAY_AUTH_TOKEN_PATH" in ours
        assert "Traceback" not in said
    mine = home(tmp_path / "mine", "a" * 32)
    printed = finish(tmp_path, "--address", nodes.address, "--only", "reported", "--seeds", "1", **mine)
    assert "2 trials: 2 completed" in printed


@pytest.mark.slow
def test_workers_that_ray_kills_for_want_of_memory_fail_and_the_driver_lives(warm: Warm, tmp_path: Path) -> None:
    short = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "100"}
    study = warm.start(tmp_path, "--only", "reported", "--seeds", "1", **short)
    assert study.wait() == 1, study.printed() + study.complained()
    assert "2 trials: 2 failed" in study.printed()
    assert WORKER_DIED in study.printed()
    assert statuses(tmp_path) == {"FAILED", "FINISHED"}
    warm.finish(tmp_path, "--in-process", "--only", "reported", "--seeds", "1")
    assert statuses(tmp_path) == {"FINISHED"}


def heard_of_a_lack_of_memory() -> list[str]:
    """Who hears of a worker that Ray killed for want of memory, in the part of Tune that looks after workers."""
    manager = actor_manager.RayActorManager.__new__(actor_manager.RayActorManager)
    manager._failed_actor_ids = set()
    manager._cleanup_actor = lambda tracked_actor: None
    heard: list[str] = []
    actor = SimpleNamespace(actor_id="a", _on_error=lambda actor, error: heard.append("actor"))
    task = SimpleNamespace(_tracked_actor=actor, _on_error=lambda actor, error: heard.append("task"))
    manager._actor_task_failed(task, OutOfMemoryError("the node was low on memory"))
    return heard


def test_tune_takes_a_lack_of_memory_for_the_death_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (actor_manager, tune_controller):
        monkeypatch.setattr(module, "RayActorError", RayActorError)
    with pytest.raises(RuntimeError, match="Caught unexpected exception"):
        heard_of_a_lack_of_memory()  # once this fails, Tune does it by itself: _let_tune_survive_a_lack_of_memory can go
    tuner._let_tune_survive_a_lack_of_memory()
    assert heard_of_a_lack_of_memory() == ["actor", "task"]


COLLECTED_WHILE_RAY_SHUTS_DOWN = """
import sys
import ray
from studies.engine.run.on_ray import cluster

class Slow:
    def __init__(self, worker):
        self.worker = worker

    def __getattr__(self, name):
        return getattr(self.worker, name)

    def shutdown_driver(self):
        self.worker.shutdown_driver()
        objects = [[] for _ in range(1_000_000)]  # enough for Python to look for garbage, as any thread may make it

with cluster.started(None, 1) if sys.argv[1] == "ours" else ray.init(num_cpus=1, include_dashboard=False):
    garbage = [ray.put(1)]
    garbage.append(garbage)
    worker = ray._private.worker.global_worker
    worker.core_worker = Slow(worker.core_worker)
    del garbage
    if sys.argv[1] != "ours":
        ray.shutdown()
print("alive")
"""


@pytest.mark.slow
def test_garbage_collected_while_ray_shuts_down_does_not_end_the_process(tmp_path: Path) -> None:
    script = tmp_path / "collected.py"
    script.write_text(COLLECTED_WHILE_RAY_SHUTS_DOWN)
    finish(tmp_path, "bare", study=script, code=1)  # once this fails, Ray minds it itself: cluster._shut_down can go
    assert finish(tmp_path, "ours", study=script).endswith("alive\n")


def told_of_a_worker_that_died_idle() -> list[str]:
    """The states in which Tune shows a scheduler the trial that was given to a worker that was dead by then."""
    trial = Mock(status=RayTrial.PENDING, is_saving=False, **{"should_recover.return_value": True})
    shown: list[str] = []

    def becomes(trial: Any, status: str) -> None:
        trial.status = status

    worker = Mock()
    tune = Mock(
        _actor_to_trial={worker: trial},
        _print_trial_errors=False,
        _pending_trials={trial},
        _paused_trials=set(),
        _trials=[trial],
    )
    tune._scheduler_alg.on_trial_error = lambda controller, trial: shown.append(trial.status)
    tune._set_trial_status = becomes
    tune._schedule_trial_stop = lambda trial, exception: becomes(trial, RayTrial.ERROR)
    for method in ("_actor_failed", "_trial_task_failure", "_process_trial_failure", "_try_recover", "_requeue_trial"):
        setattr(tune, method, MethodType(getattr(tune_controller.TuneController, method), tune))
    tune._actor_failed(worker, exception=RayActorError())
    tune._trial_task_failure(trial, exception=RayActorError())
    return shown


def test_tune_tells_the_death_of_an_idle_worker_twice() -> None:
    """Once this fails, `ConductedScheduler.on_trial_error` need not tell the second time from the first."""
    assert told_of_a_worker_that_died_idle() == [RayTrial.ERROR, RayTrial.PENDING]


def test_a_trial_that_got_a_dead_worker_is_not_lost(tmp_path: Path) -> None:
    """The first time it may be tried again; at the second Tune gives it up, and it is ordered once more."""
    stops = tuner.ConductedScheduler(conductor(plan(study()), tmp_path), 0.0, None)
    order = stops.orders.suggest("1")
    trial = Mock(trial_id="1", config=order, **{"get_pickled_error.return_value": RayActorError()})
    for trial.status in (RayTrial.ERROR, RayTrial.PENDING):
        stops.on_trial_error(None, trial)
    stops.orders.on_trial_complete("1", error=True)
    assert stops.orders.conductor.outcomes() == {}
    assert stops.orders.suggest("2") == order

    trial.trial_id = "2"
    for trial.status in (RayTrial.ERROR, RayTrial.ERROR, RayTrial.RUNNING):  # it dies in training, and again, and again
        stops.on_trial_error(None, trial)
    stops.orders.on_trial_complete("2", error=True)
    assert stops.orders.conductor.outcomes() == {"failed": 1}


def dead(why: str, *, never_started: bool = False) -> ActorDiedError:
    """What Ray raises for a worker on node 10.0.0.2."""
    context = ActorDiedErrorContext(
        error_message=why, actor_id=b"a" * 16, node_ip_address="10.0.0.2", never_started=never_started
    )
    return ActorDiedError(context)


def test_what_a_worker_died_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ray says more than that its process is gone, it is Ray's own reason, in a line, with the node."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    gone = "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR"
    died = "the worker died on 10.0.0.2; Ray says: The actor died unexpectedly before finishing this task. "
    assert died_of(None) == died_of(dead(gone)) == WORKER_DIED
    assert died_of(dead("Its node has died.")) == f"{died}Its node has died."
    never_ran = "The actor never ran - it was cancelled before it started running."
    token = "Does the cluster want the token that is used here? All have it, or none has."
    assert died_of(dead(gone, never_started=True)) == f"{died}{gone} {never_ran} {token}"
    broken = RayTaskError("__init__", "Traceback (most recent call last):\n  x\nTypeError: no such field", TypeError())
    assert died_of(ActorDiedError(broken)) == "the worker did not start: TypeError: no such field"


def node(*, alive: bool = True, **resources: float) -> dict[str, Any]:
    """What Ray says of a node."""
    return {
        "NodeID": f"{alive}{resources}",
        "Alive": alive,
        "NodeManagerHostname": "a",
        "NodeManagerAddress": "10.0.0.2",
        "Resources": resources,
        "Labels": {},
    }


def test_a_head_without_cores_waits_for_a_node(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so once, and counts what has joined by then."""
    monkeypatch.setattr("ray.init", Mock())
    monkeypatch.setattr("time.sleep", Mock())
    monkeypatch.setattr("ray.cluster_resources", Mock(side_effect=[{}, {"CPU": 0}, {"CPU": 2.0, "GPU": 1.0}]))
    monkeypatch.setattr("ray.nodes", Mock(return_value=[node(CPU=2.0, GPU=1.0), node(CPU=8.0, alive=False)]))
    monkeypatch.setattr("ray.get_runtime_context", Mock(return_value=Mock(gcs_address="10.0.0.1:6379")))
    with ray_cluster.started("auto", None) as machine:
        assert (machine.cpus, machine.gpus) == (2, 1)
    said = capsys.readouterr().err
    assert said.startswith("The cluster at 10.0.0.1:6379 has no cores: waiting for a node")
    assert "`ray start --address=10.0.0.1:6379` there" in said
    assert said.count("\n") == 1


def test_a_node_that_cannot_say_what_it_has_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.nodes", Mock(return_value=[node(CPU=2.0), node(CPU=4.0)]))
    monkeypatch.setattr("ray.remote", Mock())
    monkeypatch.setattr(ray_cluster, "NodeAffinitySchedulingStrategy", Mock())
    monkeypatch.setattr("ray.get", Mock(side_effect=[RayError("Traceback ...\nNo module named 'torch'"), ("", set())]))
    said: list[str] = []
    ray_cluster.admitted(conductor(plan(study()), tmp_path), 0.0, None, said.append)
    assert said == ["! A node gets no trials: a cannot say what it has (No module named 'torch')."]


@pytest.mark.parametrize("error", [Exception, RuntimeError, TimeoutError])
def test_ray_does_not_start(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """An OSError: the command line tells it in a line and leaves with 4."""
    monkeypatch.setattr("ray.init", Mock(side_effect=error("The node timed out.\nLast 2 lines of error files: ...")))
    told = r"^Ray did not start here \(The node timed out\); its logs are in \S+/ray/session_latest/logs$"
    with pytest.raises(OSError, match=told), ray_cluster.started(None, 1):
        pytest.fail("nothing has started")


def test_no_cluster_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    no_cluster = ConnectionError("Could not find any running Ray instance. Please specify the one to connect to by ...")
    monkeypatch.setattr("ray.init", Mock(side_effect=no_cluster))
    with (
        pytest.raises(ConnectionError, match=r"^no Ray cluster runs on this machine"),
        ray_cluster.started("auto", None),
    ):
        pytest.fail("there is none")


def test_a_wrong_call_of_ray_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.init", Mock(side_effect=TypeError("unexpected keyword")))
    with pytest.raises(TypeError, match="unexpected"), ray_cluster.started(None, 1):
        pytest.fail("nothing has started")


@pytest.mark.slow
def test_more_than_the_cluster_has(cluster: Callable[..., Nodes], joining: Warm, tmp_path: Path) -> None:
    """It is the cluster that is counted, not the machine at which one sits."""
    nodes = cluster(tmp_path, RAY_AUTH_MODE="disabled")
    asked = {
        ("--gpus-per-trial", "1"): "each trial would ask for 1 GPUs, but there are 0",
        ("--concurrent", "3"): "--concurrent 3 is more than fit: a core a trial on 2 makes 2",
    }
    for options, said in asked.items():
        study = joining.start(tmp_path, "--address", nodes.address, *options)
        assert_one_line(study, 2, said)
