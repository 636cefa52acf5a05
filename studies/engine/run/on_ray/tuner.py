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
from collections import deque
from collections.abc import Collection
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
from studies.engine.run.conduct import Conductor
from studies.engine.run.on_ray.actor import Trainee, died_of, place_of
from studies.engine.run.on_ray.carried.keeper import keeper_of
from studies.engine.run.on_ray.fleet import Fleet
from studies.engine.run.worker import News, Order, failed

HEAD_CHECK_SECONDS, MISSED_LOOKS = 5, 4  # between two looks whether the head of the cluster is there; how many may fail
NODE_ID = "ray.io/node-id"  # the label that Ray gives every node
RETRIES = 2  # of a trial whose worker died
AS_MANY_AS_ORDERED = 100_000  # at once: the conductor knows how many fit, and a cluster may grow


class OrderSearcher(Searcher):
    """Hands Tune the conductor's orders, and once more those that another node may do."""

    def __init__(self, conductor: Conductor, fleet: Fleet | None) -> None:
        super().__init__()
        self.conductor, self._fleet = conductor, fleet
        self.why: dict[str, str] = {}  # by Tune's name of a trial, what its worker died of
        self._again: deque[Order] = deque()
        self._given: dict[str, Order] = {}  # by Tune's name of a trial

    def suggest(self, trial_id: str) -> Any:
        if self._fleet:
            self.conductor.slots = self._fleet.slots()
        order = self._again.popleft() if self._again else self.conductor.next()
        if order is not None:
            self._given[trial_id] = order
            return dataclasses.asdict(order)
        return Searcher.FINISHED if self.conductor.agenda.finished() else None

    def once_more(self, trial_id: str) -> None:
        self._again.append(self._given[trial_id])

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tune has given the trial up. The scheduler hears of all other ends, and of each single death of a worker."""
        if error and trial_id in self.why:
            self.conductor.heard(self._given[trial_id].signature, failed(self.why[trial_id]))
        elif error:
            self.once_more(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Nothing of Tune's own books is ever read again."""

    def __getstate__(self) -> dict[str, Any]:
        return {}  # the Tuner pickles what it is given, to be restored from; it never is


class ConductedScheduler(FIFOScheduler):
    """Hands the conductor what workers tell, stops the trials that have to stop, and says on which nodes each may be trained."""

    def __init__(self, conductor: Conductor, gpus_per_trial: float, fleet: Fleet | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conductor, self._fleet = conductor, fleet
        self.orders = OrderSearcher(conductor, fleet)
        self._takes = {"CPU": 1.0, "GPU": gpus_per_trial}
        self._nodes: dict[str, str] = {}  # by Tune's name of a trial, the node where it is trained

    def takes(self, avoided: Collection[str] = ()) -> tune.PlacementGroupFactory:
        """What Ray sets aside for a trial, on any node but these."""
        elsewhere = [{NODE_ID: f"!in({','.join(sorted(avoided))})"}] if avoided else None
        return tune.PlacementGroupFactory([self._takes], bundle_label_selector=elsewhere)

    def on_trial_add(self, controller: Any, trial: RayTrial) -> None:
        self._place(trial)

    def on_trial_error(self, controller: Any, trial: RayTrial) -> None:
        """A worker died. One that died idle is noticed by the trial it gets next: Tune then tells it twice, and gives that trial up."""
        if trial.status == RayTrial.PENDING:
            self.orders.why.pop(trial.trial_id, None)
            return
        error = trial.get_pickled_error()
        why = self.orders.why[trial.trial_id] = died_of(error)
        if self._fleet:
            node = self._nodes.pop(trial.trial_id, None) or self._fleet.at(place_of(error))
            if node:
                self._fleet.failed(trial.config["signature"], node, why)
            self._place(trial)

    def on_trial_result(self, controller: Any, trial: RayTrial, result: dict[str, Any]) -> str:
        signature = trial.config["signature"]
        self._nodes[trial.trial_id] = result["node"]
        if "trouble" in result:
            raise OSError(result["trouble"])
        if self._fleet:
            if "unfit" in result:
                self._fleet.leave_out(result["node"], result["unfit"])
                return str(TrialScheduler.STOP)
            self._fleet.waits(signature, result.get("waits", ""))
        stop = [self.conductor.heard(signature, news) for news in result["news"]]
        return str(TrialScheduler.STOP if any(stop) else TrialScheduler.CONTINUE)

    def on_trial_complete(self, controller: Any, trial: RayTrial, result: dict[str, Any]) -> None:
        """Tune says so of a trial that had to stop, too: the last it told is then an epoch."""
        signature, news = trial.config["signature"], result["news"]
        if self._fleet:
            self._fleet.waits(signature, "")
        if not news or self._another_node_may_do(signature, news[-1], result["node"]):
            self.orders.once_more(trial.trial_id)
        elif isinstance(news[-1], Outcome):
            for each in news:
                self.conductor.heard(signature, each)
        else:
            self.conductor.stopped(signature)

    def _another_node_may_do(self, signature: str, last: News, node: str) -> bool:
        if not (self._fleet and isinstance(last, Outcome) and last.ended == "failed"):
            return False
        self._fleet.failed(signature, node, last.reason)
        return self._fleet.may_go_elsewhere(signature)

    def _place(self, trial: RayTrial) -> None:
        """Tune calls it before the trial is queued, and after a death before it is queued again."""
        if self._fleet:
            takes = self.takes(self._fleet.avoided_by(trial.config["signature"]))
            if takes != trial.placement_group_factory:
                trial.update_resources(takes)

    def __getstate__(self) -> dict[str, Any]:
        return {}


def run(conductor: Conductor, gpus_per_trial: float, fleet: Fleet | None = None) -> None:
    """Train what the conductor orders, here or on the nodes of a fleet."""
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # the farewell says which trials failed, and why
    _let_tune_survive_a_lack_of_memory()
    stops = ConductedScheduler(conductor, gpus_per_trial, fleet)
    trainee: Any = Trainee
    if fleet:
        keeper = keeper_of(conductor.book, conductor.means.datasets)
        trainee = tune.with_parameters(Trainee, keeper=keeper, store=conductor.means.store)
    with tempfile.TemporaryDirectory(prefix="ray-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(trainee, stops.takes()),
            tune_config=tune.TuneConfig(
                search_alg=stops.orders,
                scheduler=stops,
                num_samples=-1,
                reuse_actors=True,
                max_concurrent_trials=AS_MANY_AS_ORDERED,  # by itself Tune lets one trial wait for its worker
            ),
            run_config=tune.RunConfig(
                name=conductor.agenda.plan.study.name,
                storage_path=scratch,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=RETRIES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # a worker has its own
            ),
        )
        over = threading.Event()
        address = ray.get_runtime_context().gcs_address
        threading.Thread(target=_end_without_the_head, args=(address, over, conductor), daemon=True).start()
        try:
            tuner.fit()
        except TuneError as error:
            raise error.__context__ or error from None  # what went wrong on our side, without Tune's wrapping
        finally:
            over.set()


def _end_without_the_head(address: str, over: threading.Event, conductor: Conductor) -> None:
    """Once the head of the cluster is gone, Ray's calls do not return any more; after a minute it ends this process unasked."""
    missed = 0
    host, _, port = address.rpartition(":")
    while missed < MISSED_LOOKS:
        if over.wait(HEAD_CHECK_SECONDS):
            return
        try:
            socket.create_connection((host, int(port)), timeout=HEAD_CHECK_SECONDS).close()
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
