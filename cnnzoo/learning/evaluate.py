"""What an epoch comes to: loss and accuracies over a split, summed on the device so that no step has to wait for it."""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnzoo.data import Dataset, Split
from cnnzoo.device import streams
from cnnzoo.device.precision import casting
from cnnzoo.learning.augment import evaluation_batches
from cnnzoo.optimising.losses import loss_of, loss_of_each
from cnnzoo.recipe import Recipe
from cnnzoo.storage.files import write_atomically

EVALUATION_BATCH = 250  # images: more than a CPU's caches hold is slower
EVALUATION_BATCH_ON_A_GPU = 1000  # there, launching many small batches takes longer than they do
COUNTED_TOGETHER = 16  # batches: counting each by itself costs a small network a hundredth of its step


@dataclass(frozen=True)
class Score:
    """Mean loss an image, and accuracies in percent. With five classes or fewer acc@5 says nothing: it is NaN."""

    loss: float
    acc1: float
    acc5: float


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch came to. The training figures are those of its steps, with dropout and augmentation at work."""

    number: int  # from 1
    train_loss: float  # of the main head, without the L1 penalty
    train_acc1: float  # percent
    train_acc5: float  # percent; NaN with five classes or fewer
    val_loss: float  # NaN without a validation split, as are the accuracies
    val_acc1: float
    val_acc5: float
    lr: float  # of the last step
    images_per_second: float  # of the training steps
    seconds: float  # the three below together; writing the checkpoint is in none of them
    seconds_data: float
    seconds_compute: float  # on a GPU the device is waited for at the end of the epoch, and that is counted here
    seconds_evaluation: float
    test_loss: float | None = None  # None but where the test set is looked at in every epoch; nothing is chosen by it
    test_acc1: float | None = None
    test_acc5: float | None = None
    step_losses: tuple[float, ...] = ()
    looks: tuple[tuple[float, ...], ...] = ()  # along the gradient, where the recipe asks for it: see landscape.look


class Tally:
    """Sums of what ``Score`` averages."""

    def __init__(self, classes: int, device: torch.device) -> None:
        self._top = 5 if classes > 5 else 1
        self.images = 0
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._hits = torch.zeros(self._top, dtype=torch.int64, device=device)
        self._waiting: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        self.images += len(labels)
        self._loss += loss.detach() * len(labels)
        self._waiting.append((logits.detach(), labels))
        if len(self._waiting) == COUNTED_TOGETHER:
            self._count()

    def add_block(self, losses: Tensor, sizes: Sequence[int], logits: Tensor, labels: Tensor) -> None:
        """Count several batches in: the mean loss and the size of each, and the logits of all."""
        self.images += sum(sizes)
        weights = torch.tensor(sizes, dtype=torch.float64).to(losses.device, non_blocking=True)
        self._loss += losses.double().dot(weights)
        self._hits += self._hits_of(logits, labels)

    def score(self) -> Score:
        """The averages; here the host waits for the device."""
        self._count()
        hits = self._hits.cpu()
        acc5 = 100 * hits.sum().item() / self.images if self._top == 5 else math.nan
        return Score(self._loss.item() / self.images, 100 * hits[0].item() / self.images, acc5)

    def _count(self) -> None:
        if self._waiting:
            logits, labels = (torch.cat(parts) for parts in zip(*self._waiting, strict=True))
            self._hits += self._hits_of(logits, labels)
            self._waiting.clear()

    def likeliest(self, logits: Tensor) -> Tensor:
        """The classes at the first places.

        Between equal logits topk's order depends on k, so all that is counted asks for the same k.
        """
        return logits.topk(self._top).indices

    def _hits_of(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many labels stand at each of the first places."""
        return (self.likeliest(logits) == labels.unsqueeze(1)).sum(0)


@torch.inference_mode()
def evaluate(
    model: nn.Module, split: Split, dataset: Dataset, recipe: Recipe, predictions: Path | None = None
) -> Score:
    """The model's score on a split, with the plain loss of the recipe: no penalty, no smoothing, no auxiliary heads.

    What it says of each image, in the order of the split, goes to the file `predictions`.
    """
    if len(split) == 0:
        return Score(math.nan, math.nan, math.nan)
    device = split.images.device
    tally, loss = Tally(len(dataset.classes), device), loss_of(recipe.loss)
    of_each: list[tuple[Tensor, Tensor]] = []
    with _tested_as(recipe, model, device) as size:
        for images, labels in evaluation_batches(split, size, dataset.mean, dataset.std):
            with casting(recipe.precision, device):
                output = model(images)
            logits = output[0] if isinstance(output, tuple) else output  # in training mode there may be auxiliary heads
            tally.add(loss(logits, labels), logits, labels)
            if predictions is not None:
                of_each.append((tally.likeliest(logits)[:, 0], loss_of_each(recipe.loss, logits, labels)))
    if predictions is not None:
        predicted, losses = (torch.cat(parts).cpu().numpy() for parts in zip(*of_each, strict=True))
        save_predictions(predictions, predicted, losses, len(dataset.classes))
    return tally.score()


def save_predictions(path: Path, predicted: NDArray[np.int64], losses: NDArray[np.float32], classes: int) -> None:
    """As `predicted` and `loss` in a compressed file of numpy's: about 2.5 bytes an image."""
    small = predicted.astype(np.uint8 if classes <= 256 else np.uint16)
    loss = np.minimum(losses, np.finfo(np.float16).max).astype(np.float16)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, predicted=small, loss=loss)
    write_atomically(path, buffer.getbuffer())


@contextmanager
def _tested_as(recipe: Recipe, model: nn.Module, device: torch.device) -> Iterator[int]:
    """The model in the mode that the recipe tests in, for batches of the size that comes back.

    In training mode every image is a batch of its own; dropout draws from a stream that testing alone uses, and the
    running statistics of the norms are put back, so that the training goes on as if nobody had looked.
    """
    if recipe.testing == "eval":
        model.eval()
        yield EVALUATION_BATCH_ON_A_GPU if device.type == "cuda" else EVALUATION_BATCH
        return
    model.train()
    before = [buffer.clone() for buffer in model.buffers()]
    with streams.in_place_of_the_global(streams.generator(recipe.seed, "testing", device)):
        yield 1
    for buffer, value in zip(model.buffers(), before, strict=True):
        buffer.copy_(value)
