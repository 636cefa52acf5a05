"""The worker process of Ray Tune: it imports what training needs, and nothing of what the driver needs."""

from typing import Any

from ray import tune

from studies.engine.run.worker import Order, work


class Trainee(tune.Trainable):
    """A worker process: one trial after another, one epoch a step."""

    def setup(self, config: dict[str, Any]) -> None:
        self.course = work(Order(**config))

    def step(self) -> dict[str, Any]:
        try:
            epoch = next(self.course, None)
        except OSError as error:
            return {"epochs": [], "trouble": str(error)}
        return {"epochs": [] if epoch is None else [epoch], "done": epoch is None}

    def reset_config(self, config: dict[str, Any]) -> bool:
        self.cleanup()
        self.course = work(Order(**config))
        return True

    def cleanup(self) -> None:
        self.course.close()
