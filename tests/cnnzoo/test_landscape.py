"""Looking along the gradient: the numbers of a case worked out by hand, and a training that does not notice."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cnnzoo import Recipe, train
from cnnzoo.learning.landscape import DISTANCES, look

TINY = Recipe(model="vgg_a", norm="batch", image_size=32, width=0.0625, train_size=64, batch_size=16, epochs=2, lr=0.05)


def test_a_parabola() -> None:
    """L = 3 w^2 / 2 at w = 2: the gradient is 6, and changes by 3 for each unit moved."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.5)  # where the step led to, half a unit away
    found = look(7, model, [torch.tensor([[2.0]])], lambda: 1.5 * model.weight.square().sum())
    ways = [2.0 - 0.5 * factor for factor in DISTANCES]  # w after each distance
    losses, changes = [1.5 * w**2 for w in ways], [3 * 0.5 * factor for factor in DISTANCES]
    expected = (7, min(losses), max(losses), min(changes), max(changes), 3.0)
    assert tuple(found) == pytest.approx(expected)
    assert model.weight.item() == 1.5, "the model is where the step had led it"


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_looking_changes_no_training(norm: str) -> None:
    recipe = TINY.replace(norm=norm)
    watched, alone = train(recipe.replace(landscape=2)), train(recipe)
    for seen, unseen in zip(watched, alone, strict=True):
        assert (seen.train_loss, seen.val_loss) == (unseen.train_loss, unseen.val_loss)
    for name, value in alone.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[name]), name


def test_what_is_recorded(tmp_path: Path) -> None:
    """Every step has its loss, every second step a look; a resumed training has those from before, too."""
    recipe = TINY.replace(landscape=2)
    first = next(iter(train(recipe, resume=tmp_path / "c.pt")))
    training = train(recipe, resume=tmp_path / "c.pt")
    assert training.history == [first]
    second = next(iter(training))
    steps = len(first.step_losses)
    assert steps == 4  # 58 images in batches of 16
    assert [look[0] for look in first.looks + second.looks] == [1, 3, 5, 7]
    assert all(low <= high for epoch in (first, second) for _, low, high, *_ in epoch.looks)
