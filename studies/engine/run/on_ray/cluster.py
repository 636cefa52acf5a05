"""Ray itself, here or at an address: started or joined, and what it says of its nodes."""

import gc
import logging
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from studies.engine.book.premises import OtherPremisesError, examine, premises
from studies.engine.plan.machine import Machine
from studies.engine.run.conduct import Conductor
from studies.engine.run.on_ray.fleet import Fleet, Node, able, fitting, kind_of
from studies.engine.run.on_ray.settings import LOGS, TOKEN
from studies.engine.run.store import Store, in_short

# What ``ray.init`` raises where one of Ray's own processes does not come up in time: it documents no more than `Exception`.
DID_NOT_START = (Exception, RuntimeError, TimeoutError, ConnectionError)
NO_CLUSTER = "Could not find any running Ray instance"  # in Ray's words
KIND = "ray.io/accelerator-type"  # the label that Ray gives a node with GPUs
NODES_KEPT_SECONDS = 5  # so old may be what is known of the nodes


@contextmanager
def started(address: str | None, cpus: int | None, code: Sequence[str] = ()) -> Iterator[Machine]:
    """Ray, here or at an address whose nodes are sent the code; yields what there is, and stops only what it started."""
    try:
        ray.init(
            address=address or "local",  # without it Ray joins whatever cluster was started on this machine last
            num_cpus=None if address else cpus,
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
            runtime_env={"py_modules": list(code)} if code else None,
        )
    except Exception as error:
        if address == "auto" and NO_CLUSTER in str(error):
            raise ConnectionError(
                "no Ray cluster runs on this machine; `ray start --head` begins one, --address HOST:PORT names one elsewhere."
            ) from error
        if address and isinstance(error, ConnectionError):  # somebody answers there: that was looked at before
            raise ConnectionError(
                f"the Ray cluster at {address} lets nobody in without its token: put the file ~/{TOKEN} of its head at the "
                "same place here, or say in RAY_AUTH_TOKEN_PATH where it is."
            ) from error
        if type(error) not in DID_NOT_START:
            raise
        reason, where = str(error).strip().partition("\n")[0].rstrip("."), f"at {address}" if address else "here"
        raise ConnectionError(f"Ray did not start {where} ({reason}); its logs are in {LOGS}") from error
    token = Path.home() / TOKEN
    if not address and token.exists():
        token.chmod(0o600)  # Ray lets everybody on this machine read what it writes there
    try:
        _wait_for_cores()
        yield _machine(NodesNow()())
    finally:
        _shut_down()


def _shut_down() -> None:
    """Ray ends this process at once if another thread's garbage collection frees one of its references while it shuts down."""
    gc.disable()
    try:
        ray.shutdown()
    finally:
        gc.enable()


def _wait_for_cores() -> None:
    """A head by itself may have none: until a node has joined."""
    if not ray.cluster_resources().get("CPU"):  # type: ignore[no-untyped-call]
        head = ray.get_runtime_context().gcs_address  # `address` may be auto, which says nothing on another machine
        how = f"`ray start --address={head}` there"
        print(f"The cluster at {head} has no cores: waiting for a node ({how}) ...", file=sys.stderr, flush=True)
    while not ray.cluster_resources().get("CPU"):  # type: ignore[no-untyped-call]
        time.sleep(1)


def _machine(nodes: Mapping[str, Node]) -> Machine:
    """What there is to train on: GPUs of one kind, and all cores."""
    kind = kind_of(nodes.values())
    gpus = sum(node.gpus for node in nodes.values() if node.kind == kind)

    def room(gpus_per_trial: float) -> int:
        return fitting(able(nodes, gpus_per_trial, kind).values(), gpus_per_trial)

    return Machine(sum(node.cpus for node in nodes.values()), gpus, partial(_ask, gpus, kind), room)


def _ask(gpus: int, kind: str, question: Callable[..., Any], *about: Any) -> Any:
    """Call a function on a node of the cluster: this one may have no GPU, or another kind of processor."""
    there = ray.remote(question).options(num_gpus=0.01 if gpus else 0, label_selector={KIND: kind} if kind else None)
    return ray.get(there.remote(*about))


class NodesNow:
    """Called, it returns the nodes by id, asked of Ray at most every five seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, Node] = {}
        self._when = -math.inf

    def __call__(self) -> dict[str, Node]:
        if time.monotonic() - self._when > NODES_KEPT_SECONDS:
            found = ray.nodes()  # type: ignore[no-untyped-call]
            self._seen = {node["NodeID"]: _node(node) for node in found if node["Alive"]}
            self._when = time.monotonic()
        return self._seen


def _node(told: Mapping[str, Any]) -> Node:
    has = told["Resources"]
    return Node(
        name=told["NodeManagerHostname"],
        address=told["NodeManagerAddress"],
        cpus=int(has.get("CPU", 0)),
        gpus=int(has.get("GPU", 0)),
        kind=told["Labels"].get(KIND, ""),
    )


def admitted(conductor: Conductor, gpus_per_trial: float, at_most: int | None, say: Callable[[str], None]) -> Fleet:
    """The nodes of the cluster, each asked what it has: one that would train something else than the study is left out."""
    plan, data_dir = conductor.agenda.plan, conductor.means.data_dir
    fleet = Fleet(NodesNow(), gpus_per_trial, at_most, say)
    recipes = [*plan.arms.values(), *(tuned.base for tuned in plan.tuned.values())]
    expected = [(recipe.to_json(), premises(recipe, plan.digest_of(recipe))) for recipe in recipes]
    asked = {}
    for node in fleet.fit():
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        look = ray.remote(_examine).options(num_cpus=0, scheduling_strategy=there)
        asked[node] = look.remote(expected, data_dir, conductor.means.store)
    for node, answer in asked.items():
        try:
            why, lacks = ray.get(answer)
        except RayError as error:  # it lacks a library, or is gone by now
            said = str(error).strip().splitlines()[-1].strip()
            why, lacks = f"{fleet.name(node)} cannot say what it has ({said})", set()
        if why:
            fleet.leave_out(node, why)
        for name in sorted(lacks):
            files = {dataset.file for dataset in conductor.means.datasets if dataset.name == name and dataset.file}
            size = sum(file.stat().st_size for file in files)
            say(f"{fleet.name(node)} gets the images of {name} from here ({size / 2**20:,.1f} MB).")
    return fleet


def _examine(expected: Sequence[Any], data_dir: Path, store: Store | None) -> tuple[str, set[str]]:
    """Called on a node: why it may not train, and the data sets that it does not have."""
    if store:
        try:
            store.check_seen()
        except OtherPremisesError as error:
            return str(error), set()
        except OSError as error:
            return f"{platform.node()} cannot use {store.uri} ({in_short(error)})", set()
    return examine(expected, data_dir)
