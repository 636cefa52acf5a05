"""The steps that a GPU replays, run uncaptured on the CPU: the same training, bit for bit."""

from typing import Any

import pytest
import torch

from cnnzoo import Recipe, train
from cnnzoo.learning import training as training_module
from cnnzoo.learning.training import Training

SMALL = Recipe(model="lenet", dataset="mnist5k", train_size=1030, batch_size=64, epochs=3, crop=2, flip=True, lr=0.02)


def trained(recipe: Recipe, *, epochs: int | None = None, **options: Any) -> Training:
    training = train(recipe, device="cpu", **options)
    for epoch in training:
        if epoch.number == epochs:
            break
    return training


def weights(training: Training) -> list[torch.Tensor]:
    return list(training.model.state_dict().values())


@pytest.fixture
def replaying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_module, "can_be_replayed", lambda recipe, device: True)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": "one_cycle", "momentum": 0.0},
        {"optimizer": "adam", "lr": 1e-3, "schedule": "cosine", "erasing": 0.5},
        {"model": "simp_res9", "width": 0.125, "batch_size": 128, "epochs": 2, "l1": 1e-4},
        {"model": "alexnet", "dropout": 0.5, "width": 0.125, "epochs": 2, "image_size": 32},
        {"batch_size": 1029},  # the last batch would be of one image
    ],
)
def test_replayed_steps_are_the_steps(changes: dict[str, Any], request: pytest.FixtureRequest) -> None:
    recipe = SMALL.replace(**changes)
    step_by_step = trained(recipe)
    request.getfixturevalue("replaying")
    replayed = trained(recipe)
    assert all(torch.equal(a, b) for a, b in zip(weights(step_by_step), weights(replayed), strict=True))
    for one, other in zip(step_by_step.history, replayed.history, strict=True):
        assert (one.train_acc1, one.train_acc5, one.val_loss, one.lr) == (
            other.train_acc1, other.train_acc5, other.val_loss, other.lr
        )  # fmt: skip
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-6)  # summed in another order


@pytest.mark.usefixtures("replaying")
def test_a_replayed_training_goes_on_from_its_checkpoint(tmp_path: Any) -> None:
    recipe = SMALL.replace(optimizer="adam", lr=1e-3)
    trained(recipe, epochs=1, resume=tmp_path / "checkpoint.pt")
    resumed = trained(recipe, resume=tmp_path / "checkpoint.pt")
    assert len(resumed.history) == recipe.epochs
    assert all(torch.equal(a, b) for a, b in zip(weights(trained(recipe)), weights(resumed), strict=True))


def test_a_network_of_ones_own_is_not_replayed() -> None:
    """It may decide in Python what it computes, and a captured decision would stand."""
    gpu = torch.device("cuda:0")
    assert training_module.can_be_replayed(SMALL, gpu)
    assert not training_module.can_be_replayed(SMALL.replace(landscape=1), gpu)
    assert not training_module.can_be_replayed(SMALL, torch.device("cpu"))
