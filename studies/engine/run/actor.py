"""The worker process of Ray Tune: it imports what training needs, and nothing of what the driver needs."""

import os
from textwrap import shorten
from typing import Any

from ray import tune
from ray.exceptions import RayTaskError

from cnnzoo import Epoch
from studies.engine.course import Outcome
from studies.engine.run.worker import News, Order, work

PROCESS_GONE, NEVER_RAN = "worker process has died", "The actor never ran"  # in Ray's words
REASON_LENGTH = 500


class Trainee(tune.Trainable):
    """A worker process: one trial after another, one epoch a step."""

    def setup(self, config: dict[str, Any]) -> None:
        self.course = work(Order(**config))

    def step(self) -> dict[str, Any]:
        """The news up to the next epoch or the end of the trial."""
        news: list[News] = []
        try:
            while not news or not isinstance(news[-1], Epoch | Outcome):
                news.append(next(self.course))
        except OSError as error:
            return {"news": [], "trouble": str(error)}
        return {"news": news, "done": isinstance(news[-1], Outcome)}

    def reset_config(self, config: dict[str, Any]) -> bool:
        self.cleanup()
        self.course = work(Order(**config))
        return True

    def cleanup(self) -> None:
        self.course.close()


def died_of(error: Exception | None) -> str:
    """In one line: what Ray says of a worker that died, and where; nothing if no more than that its process is gone."""
    said = str(error or "").strip().splitlines()
    never_ran = any(NEVER_RAN in line for line in said)
    if error is None or (PROCESS_GONE in str(error) and not never_ran):
        return ""
    if isinstance(error, RayTaskError) or "creation task" in said[0]:  # a traceback
        return f"the worker did not start: {said[-1].strip()}"
    facts = dict(line.strip().partition(": ")[::2] for line in said if line.startswith("\t"))
    where = f" on {facts['ip']}" if "ip" in facts else ""
    reason = shorten(" ".join(line for line in said if not line.startswith("\t")), REASON_LENGTH)
    tokens = os.environ.get("RAY_AUTH_MODE") == "token"
    hint = (
        " Does the cluster want the token that is used here? All have it, or none has." if never_ran and tokens else ""
    )
    return f"the worker died{where}; Ray says: {reason}{hint}"
