"""The worker process of Ray Tune: it imports what training needs, and nothing of what the driver needs."""

from typing import Any

from ray import tune

from cnnzoo import Epoch
from studies.engine.course import Outcome
from studies.engine.run.worker import News, Order, work


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
