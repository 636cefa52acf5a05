"""What Tune is told of trials on a cluster: where each may be trained, and what is tried once more. Without Ray."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.experiment import Trial as RayTrial

from studies.engine.course import Outcome
from studies.engine.run.on_ray.fleet import Fleet, Node
from studies.engine.run.on_ray.tuner import ConductedScheduler
from studies.engine.run.worker import failed
from tests.engine.driving import conductor, epoch
from tests.engine.simulated import plan, study

NODES = {name: Node(name, f"10.0.0.{number}", cpus=1, gpus=0) for number, name in enumerate("abc", 1)}


class Tune:
    """Hands out trials and results as Tune does."""

    def __init__(self, root: Path) -> None:
        self.said: list[str] = []
        self.driver = conductor(plan(study()), root)
        self.stops = ConductedScheduler(self.driver, 0.0, Fleet(lambda: NODES, 0.0, None, self.said.append))
        self._trials = 0

    def begin(self) -> Any:
        """The next trial, once it is queued."""
        self._trials += 1
        config = self.stops.orders.suggest(str(self._trials))
        trial = SimpleNamespace(trial_id=str(self._trials), config=config, placement_group_factory=self.stops.takes())
        trial.update_resources = lambda takes: setattr(trial, "placement_group_factory", takes)
        self.stops.on_trial_add(None, trial)  # type: ignore[arg-type]
        return trial

    def tell(self, trial: Any, node: str, *news: Any, **more: Any) -> str | None:
        result = {"news": list(news), "node": node, **more}
        if news and isinstance(news[-1], Outcome):
            return self.stops.on_trial_complete(None, trial, result)  # type: ignore[func-returns-value]
        decision = self.stops.on_trial_result(None, trial, result)
        if decision == "STOP":
            self.stops.on_trial_complete(None, trial, result)
        return decision

    def avoided(self, trial: Any) -> set[str]:
        """The nodes where the trial may not be trained."""
        kept_out = {name for name in NODES if trial.placement_group_factory == self.stops.takes([name])}
        assert kept_out or trial.placement_group_factory == self.stops.takes()
        return kept_out


@pytest.fixture
def tune(tmp_path: Path) -> Tune:
    return Tune(tmp_path)


def test_a_trial_that_fails_on_one_node_is_tried_on_another(tune: Tune) -> None:
    first = tune.begin()
    tune.tell(first, "a", {"host": "a"}, failed("no CUDA device"))
    again = tune.begin()
    assert again.config == first.config
    assert (tune.avoided(first), tune.avoided(again)) == (set(), {"a"})
    signature = first.config["signature"]
    assert signature in tune.driver.agenda.running, "for the study it has not ended"
    tune.tell(again, "b", {"host": "b"}, failed("no CUDA device"))
    assert tune.driver.agenda.settled[signature].ended == "failed"
    assert tune.begin().config["signature"] != signature


def test_the_node_that_trained_it_is_booked(tune: Tune) -> None:
    tune.tell(tune.begin(), "a", {"host": "a"}, failed("no CUDA device"))
    again = tune.begin()
    tune.tell(again, "b", {"host": "b"}, epoch(1))
    assert tune.driver.book.origin(again.config["signature"])["host"] == "b"


def test_an_unfit_node_costs_a_trial_nothing(tune: Tune) -> None:
    first = tune.begin()
    assert tune.tell(first, "a", unfit="a would train something else") == "STOP"
    again = tune.begin()
    assert (again.config, tune.avoided(again)) == (first.config, {"a"})
    assert tune.said == ["! A node gets no trials: a would train something else."]
    tune.tell(again, "b", unfit="b, too")
    with pytest.raises(OSError, match="no node of the cluster can train this study"):
        tune.tell(tune.begin(), "c", unfit="and c")


def test_a_trial_whose_worker_died_goes_elsewhere(tune: Tune) -> None:
    trial = tune.begin()
    tune.tell(trial, "a", {"host": "a"}, epoch(1))
    trial.get_pickled_error, trial.status = lambda: None, RayTrial.ERROR
    tune.stops.on_trial_error(None, trial)  # type: ignore[arg-type]
    assert tune.avoided(trial) == {"a"}


def test_a_trial_that_waited_and_failed_at_once_waits_no_more(tune: Tune) -> None:
    trial = tune.begin()
    tune.tell(trial, "a", {"host": "a"}, waits="a cannot use s3://b")
    tune.tell(trial, "a", failed("no CUDA device"))
    assert tune.said == ["! a cannot use s3://b: trials wait, and try again.", "All trials go on."]
