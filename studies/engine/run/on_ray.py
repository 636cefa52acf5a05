"""Ray Tune as the engine uses it: one Tuner for the whole study, fed by the conductor, on actors that are used again.

Ray starts the trainings and keeps the slots full. What is trained next and what has to stop is decided by the agenda,
through Tune's two openings for that: a Searcher and a TrialScheduler. Tune's own books are thrown away at the end.
"""

import dataclasses
import logging
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.error import TuneError
from ray.tune.experiment import Trial as RayTrial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from studies.engine.course import Outcome
from studies.engine.plan.options import ENVIRONMENT
from studies.engine.plan.prepare import Machine
from studies.engine.run.actor import Trainee, died_of
from studies.engine.run.conduct import RAY_FOLDER, WORKER_DIED, Conductor
from studies.engine.run.ray_settings import TOKEN

LOOK_SECONDS, MISSED_LOOKS = 5, 4  # between two looks whether the head of the cluster is there; how many may fail
# What ``ray.init`` raises where one of Ray's own processes does not come up in time: it documents no more than `Exception`.
DID_NOT_START = (Exception, RuntimeError, TimeoutError, ConnectionError)
RETRIES = 2  # of a trial whose worker died; what goes wrong inside a training is its result and is not tried again


class Orders(Searcher):
    """Hands Tune the conductor's orders."""

    def __init__(self, conductor: Conductor, why: Mapping[str, str]) -> None:
        super().__init__()
        self.conductor = conductor
        self._why = why  # by Tune's name of a trial, what its worker died of
        self._given: dict[str, str] = {}  # by Tune's name of a trial, its signature

    def suggest(self, trial_id: str) -> Any:
        order = self.conductor.next()
        if order is not None:
            self._given[trial_id] = order.signature
            return dataclasses.asdict(order)
        return Searcher.FINISHED if self.conductor.finished() else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tune has given the trial up. The scheduler hears of all other ends, and of each single death of a worker."""
        if error:
            self.conductor.lost(self._given[trial_id], self._why[trial_id])

    def save(self, checkpoint_path: str) -> None:
        """Nothing of Tune's own books is ever read again."""

    def __getstate__(self) -> dict[str, Any]:
        return {}  # the Tuner pickles what it is given, to be restored from; it never is


class Stops(FIFOScheduler):
    """Stops the trials that the agenda wants stopped."""

    def __init__(self, conductor: Conductor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conductor = conductor
        self.why: dict[str, str] = {}  # by Tune's name of a trial, what its worker died of

    def on_trial_error(self, controller: Any, trial: RayTrial) -> None:
        self.why[trial.trial_id] = died_of(trial.get_pickled_error()) or WORKER_DIED

    def on_trial_result(self, controller: Any, trial: RayTrial, result: dict[str, Any]) -> str:
        signature = trial.config["signature"]
        if "trouble" in result:
            raise OSError(result["trouble"])
        stop = [self.conductor.heard(signature, news) for news in result["news"]]
        return str(TrialScheduler.STOP if any(stop) else TrialScheduler.CONTINUE)

    def on_trial_complete(self, controller: Any, trial: RayTrial, result: dict[str, Any]) -> None:
        """Tune says so of a trial that had to stop, too: the last it told is then an epoch."""
        signature, (*_, last) = trial.config["signature"], result["news"]
        if isinstance(last, Outcome):
            self.conductor.heard(signature, last)
        else:
            self.conductor.stopped(signature)

    def __getstate__(self) -> dict[str, Any]:
        return {}


def run(conductor: Conductor, gpus_per_trial: float) -> None:
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # the farewell says which trials failed, and why
    _let_tune_survive_a_lack_of_memory()
    stops = Stops(conductor)
    with tempfile.TemporaryDirectory(prefix="ray-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(Trainee, {"cpu": 1, "gpu": gpus_per_trial}),
            tune_config=tune.TuneConfig(
                search_alg=Orders(conductor, stops.why),
                scheduler=stops,
                num_samples=-1,
                reuse_actors=True,
                max_concurrent_trials=conductor.means.slots,  # by itself Tune lets one trial wait for its worker
            ),
            run_config=tune.RunConfig(
                name=conductor.plan.study.name,
                storage_path=scratch,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=RETRIES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # a worker has its own
            ),
        )
        over = threading.Event()
        threading.Thread(target=_end_without_the_head, args=(over, conductor), daemon=True).start()
        try:
            tuner.fit()
        except TuneError as error:
            raise error.__context__ or error from None  # what went wrong on our side, without Tune's wrapping
        finally:
            over.set()


def _end_without_the_head(over: threading.Event, conductor: Conductor) -> None:
    """Once the head of the cluster is gone, Ray's calls do not return any more; after a minute it ends this process unasked."""
    address, missed = ray.get_runtime_context().gcs_address, 0
    host, _, port = address.rpartition(":")
    while missed < MISSED_LOOKS:
        if over.wait(LOOK_SECONDS):
            return
        try:
            socket.create_connection((host, int(port)), timeout=LOOK_SECONDS).close()
            missed = 0
        except OSError:
            missed += 1
    conductor.close("FAILED")
    print(f"error: the Ray cluster at {address} went away; the same command goes on from here.", file=sys.stderr)
    sys.stderr.flush()
    os._exit(ENVIRONMENT)


def _let_tune_survive_a_lack_of_memory() -> None:
    """To Tune a worker that Ray killed for want of memory is a surprise that ends the study; it died like any other.

    Ray has no public way to say so: its error is none of those that Tune retries. A test tells when this can go.
    """
    from ray.air.execution._internal import actor_manager
    from ray.tune.execution import tune_controller

    for module in (actor_manager, tune_controller):
        vars(module)["RayActorError"] = (RayActorError, OutOfMemoryError)


@contextmanager
def started(address: str | None, cpus: int | None) -> Iterator[Machine]:
    """Ray, here or at an address, for as long as the study lasts; yields what there is. Stops only what it started."""
    try:
        ray.init(
            address=address or "local",  # without it Ray joins whatever cluster was started on this machine last
            num_cpus=None if address else cpus,
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    except Exception as error:
        if address and isinstance(error, ConnectionError):  # somebody answers there: that was looked at before
            raise ConnectionError(
                f"the Ray cluster at {address} lets nobody in without its token: put the file ~/{TOKEN} of its head at the "
                "same place here, or say in RAY_AUTH_TOKEN_PATH where it is."
            ) from error
        if type(error) not in DID_NOT_START:
            raise
        reason, where = str(error).strip().partition("\n")[0].rstrip("."), f"at {address}" if address else "here"
        logs = f"{RAY_FOLDER}/ray/session_latest/logs"
        raise ConnectionError(f"Ray did not start {where} ({reason}); its logs are in {logs}") from error
    token = Path.home() / TOKEN
    if not address and token.exists():
        token.chmod(0o600)  # Ray lets everybody on this machine read what it writes there
    try:
        has = _once_there_are_cores(address)
        gpus = int(has.get("GPU", 0))
        yield Machine(int(has.get("CPU", 0)), gpus, partial(_ask, gpus))
    finally:
        ray.shutdown()


def _once_there_are_cores(address: str | None) -> dict[str, float]:
    """What the cluster has; where that is not a single core, as a head by itself may have none, once a node has joined."""
    told = False
    while not (has := ray.cluster_resources()).get("CPU"):  # type: ignore[no-untyped-call]
        if not told:
            line = (
                f"The cluster at {address} has no cores: waiting for a node (`ray start --address={address}` there) ..."
            )
            print(line, file=sys.stderr, flush=True)
            told = True
        time.sleep(1)
    return dict(has)


def _ask(gpus: int, question: Callable[..., Any], *about: Any) -> Any:
    """Call a function on a node of the cluster: this one may have no GPU, or another kind of processor."""
    there = ray.remote(question).options(num_gpus=0.01 if gpus else 0)
    return ray.get(there.remote(*about))
