"""The worker process of Ray Tune: it imports what training needs, and nothing of what the driver needs."""

import os
from collections.abc import Generator
from pathlib import Path
from textwrap import shorten
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayTaskError

from cnnzoo import Epoch
from studies.engine.book.premises import OtherPremisesError
from studies.engine.course import Outcome
from studies.engine.run.on_ray.carried.files import carried
from studies.engine.run.on_ray.settings import LOGS
from studies.engine.run.store import Store
from studies.engine.run.worker import News, Order, work

PROCESS_GONE, NEVER_RAN = "worker process has died", "The actor never ran"  # in Ray's words
REASON_LENGTH = 500
WORKER_DIED = f"the worker died (killed, or out of memory); see {LOGS}"


class Trainee(tune.Trainable):
    """A worker process: one trial after another, one epoch a step."""

    def setup(self, config: dict[str, Any], keeper: Any = None, store: Store | None = None) -> None:
        """On the nodes of a cluster a keeper holds the files of the book, and a store the checkpoints."""
        self.keeper, self.store = keeper, store
        self.node = ray.get_runtime_context().get_node_id() if keeper else ""
        self.course = self._work(Order(**config))

    def step(self) -> dict[str, Any]:
        """The news up to the next epoch or the end of the trial, and from which node; fewer where the trial has to wait."""
        news: list[News] = []
        try:
            while not news or not isinstance(news[-1], Epoch | Outcome):
                heard = next(self.course)
                if isinstance(heard, str):
                    return {"news": news, "node": self.node, "waits": heard}
                news.append(heard)
        except OSError as error:
            another_may_do = self.keeper and isinstance(error, OtherPremisesError)
            return {"news": [], "node": self.node, "unfit" if another_may_do else "trouble": str(error)}
        return {"news": news, "node": self.node, "done": isinstance(news[-1], Outcome)}

    def reset_config(self, config: dict[str, Any]) -> bool:
        self.cleanup()
        self.course = self._work(Order(**config))
        return True

    def cleanup(self) -> None:
        self.course.close()

    def _work(self, order: Order) -> Generator[News | str, None, None]:
        return carried(order, self.keeper, self.store, Path(self.logdir)) if self.keeper else work(order)


def place_of(error: Exception | None) -> str:
    """The address of the node where a worker died, as Ray says it."""
    lines = (line.strip().partition(": ") for line in str(error or "").splitlines() if line.startswith("\t"))
    return {name: value for name, _, value in lines}.get("ip", "")


def died_of(error: Exception | None) -> str:
    """In one line: what Ray says of a worker that died, and where; or where to look if it says no more than that its process is gone."""
    said = str(error or "").strip().splitlines()
    never_ran = any(NEVER_RAN in line for line in said)
    if error is None or (PROCESS_GONE in str(error) and not never_ran):
        return WORKER_DIED
    if isinstance(error, RayTaskError) or "creation task" in said[0]:  # a traceback
        return f"the worker did not start: {said[-1].strip()}"
    where = f" on {place}" if (place := place_of(error)) else ""
    reason = shorten(" ".join(line for line in said if not line.startswith("\t")), REASON_LENGTH)
    tokens = os.environ.get("RAY_AUTH_MODE") == "token"
    hint = " Does the cluster want the token that is used here? All have it, or none has."
    return f"the worker died{where}; Ray says: {reason}{hint if never_ran and tokens else ''}"
