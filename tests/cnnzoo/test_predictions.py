"""What is kept of each test image: it adds up to the score, and is small."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cnnzoo import Recipe, train
from cnnzoo.learning.evaluate import save_predictions
from cnnzoo.optimising.losses import loss_of, loss_of_each
from cnnzoo.recipe import LOSSES


@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_of_the_images_average_to_that_of_the_batch(loss: str) -> None:
    logits, labels = torch.randn(50, 10), torch.arange(50) % 10
    assert loss_of_each(loss, logits, labels).mean().item() == pytest.approx(loss_of(loss)(logits, labels).item())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])  # in bf16 two classes are often level
def test_they_add_up_to_the_score(precision: str, tmp_path: Path) -> None:
    training = train(Recipe(model="lenet", train_size=200, batch_size=20, epochs=1, precision=precision))
    list(training)
    score = training.test(tmp_path / "predictions.npz")
    kept = np.load(tmp_path / "predictions.npz")
    test = training.dataset.test
    labels = test.labels[test.index].numpy()
    assert kept["predicted"].dtype == np.uint8
    assert 100 * (kept["predicted"] == labels).mean() == pytest.approx(score.acc1)
    assert kept["loss"].astype(float).mean() == pytest.approx(score.loss, rel=1e-3)


@pytest.mark.parametrize(("classes", "kind"), [(10, np.uint8), (256, np.uint8), (1000, np.uint16)])
def test_they_are_small(classes: int, kind: type, tmp_path: Path) -> None:
    """Even of a network that knows nothing, whose losses are hardest to compress."""
    logits, labels = 3 * torch.randn(10_000, classes), torch.randint(classes, (10_000,))
    losses = loss_of_each("cross_entropy", logits, labels)
    save_predictions(tmp_path / "predictions.npz", logits.argmax(1).numpy(), losses.numpy(), classes)
    assert np.load(tmp_path / "predictions.npz")["predicted"].dtype == kind
    assert (tmp_path / "predictions.npz").stat().st_size <= (30_000 if kind is np.uint8 else 40_000)


def test_a_loss_beyond_what_is_kept_is_the_largest_that_is(tmp_path: Path) -> None:
    save_predictions(tmp_path / "predictions.npz", np.array([0]), np.array([1e6], np.float32), 2)
    assert np.load(tmp_path / "predictions.npz")["loss"][0] == 65504
