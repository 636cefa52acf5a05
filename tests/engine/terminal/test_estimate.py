"""The guess of how long a study takes: by hand, and on this machine."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from cnnzoo import Recipe
from studies.engine.terminal import estimate
from studies.engine.terminal.estimate import FORWARD_SHARE, START_SECONDS, duration, seconds, seconds_an_image
from tests.engine.simulated import plan, study

DATA: Any = SimpleNamespace(train=range(600), validation=range(90), test=range(300))


def test_by_hand() -> None:
    """Three arms with 2 seeds, 12 candidates of which half the epochs are spent, a run-off of 3 on 2 seeds, and 2 to confirm."""
    images = 9 * (600 + FORWARD_SHARE * 90) + FORWARD_SHARE * 300
    tested = images + 8 * FORWARD_SHARE * 300  # as reported, after every epoch
    trials = 12 / 2 + 3 * 2 + 2
    taken = dict(zip(("relu", "sigmoid", "tanh"), (0.01, 0.02, 0.03), strict=True))
    assert seconds(plan(study()), DATA, taken, speedup=2) == pytest.approx(
        START_SECONDS + (trials * images + 2 * tested) * sum(taken.values()) / 2
    )


def test_networks_that_are_alike_are_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[str | None] = []
    monkeypatch.setattr(estimate, "_timed", lambda recipe, *_: timed.append(recipe.activation) or len(timed))
    arms = {f"{name} {lr}": Recipe(model="lenet", activation=name, lr=lr) for name in ("relu", "tanh") for lr in (1, 2)}
    taken = {"relu 1": 1, "relu 2": 1, "tanh 1": 2, "tanh 2": 2}
    assert seconds_an_image(arms, (1, 28, 28), 10, "cpu") == taken
    assert timed == ["relu", "tanh"]


def test_a_larger_network_takes_longer_and_threads_stay_as_they_are() -> None:
    threads = torch.get_num_threads()
    arms = {"small": Recipe(model="lenet"), "large": Recipe(model="googlenet", aux=0.3)}
    taken = seconds_an_image(arms, (1, 28, 28), 10, "cpu")
    assert 0 < taken["small"] < taken["large"]
    assert torch.get_num_threads() == threads


def test_a_step_that_fails_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(estimate, "build", full)
    taken = seconds_an_image({"tanh": Recipe(model="lenet")}, (1, 28, 28), 10, "cpu")
    assert math.isnan(taken["tanh"])
    assert math.isnan(seconds(plan(study()), DATA, {"relu": 0.01, "sigmoid": 0.03, **taken}, speedup=2))


def test_a_full_gpu_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(estimate, "can_be_replayed", lambda *_: True)
    monkeypatch.setattr(estimate, "set_up_gpu", lambda: None)
    monkeypatch.setattr(estimate, "BareStep", full)
    assert math.isnan(seconds_an_image({"tanh": Recipe(model="lenet")}, (1, 28, 28), 10, "cpu")["tanh"])


@pytest.mark.parametrize(
    ("of", "said"), [(40.2, "40 s"), (89, "89 s"), (100, "2 min"), (3590, "1 h 0 min"), (7800, "2 h 10 min")]
)
def test_as_a_person_says_it(of: float, said: str) -> None:
    assert duration(of) == said
