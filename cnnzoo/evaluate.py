"""Loss and accuracies over a split, summed on the device so that no step has to wait for it."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnzoo.augment import evaluation_batches
from cnnzoo.data import Dataset, Split
from cnnzoo.losses import LOSSES
from cnnzoo.precision import casting
from cnnzoo.recipe import Recipe

EVALUATION_BATCH = 250
COUNTED_TOGETHER = 16  # batches: counting each by itself costs a small network a hundredth of its step


@dataclass(frozen=True)
class Score:
    """Mean loss an image, and accuracies in percent. With five classes or fewer acc@5 says nothing: it is NaN."""

    loss: float
    acc1: float
    acc5: float


NO_SCORE = Score(math.nan, math.nan, math.nan)  # of a split without images


class Tally:
    """Sums of what ``Score`` averages."""

    def __init__(self, classes: int, device: torch.device) -> None:
        self._top = 5 if classes > 5 else 1
        self.images = 0
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._hits = torch.zeros(self._top, dtype=torch.int64, device=device)
        self._waiting: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Count a batch in: its mean loss and its logits."""
        self.images += len(labels)
        self._loss += loss.detach() * len(labels)
        self._waiting.append((logits.detach(), labels))
        if len(self._waiting) == COUNTED_TOGETHER:
            self._count()

    def score(self) -> Score:
        """The averages; here the host waits for the device."""
        self._count()
        hits = self._hits.cpu()
        acc5 = 100 * hits.sum().item() / self.images if self._top == 5 else math.nan
        return Score(self._loss.item() / self.images, 100 * hits[0].item() / self.images, acc5)

    def _count(self) -> None:
        if self._waiting:
            logits, labels = (torch.cat(parts) for parts in zip(*self._waiting, strict=True))
            self._hits += (logits.topk(self._top).indices == labels.unsqueeze(1)).sum(0)
            self._waiting.clear()


@torch.inference_mode()
def evaluate(model: nn.Module, split: Split, dataset: Dataset, recipe: Recipe, device: torch.device) -> Score:
    """The model's score on a split, with the plain loss of the recipe: no penalty, no smoothing, no auxiliary heads."""
    if len(split) == 0:
        return NO_SCORE
    model.eval()
    tally = Tally(len(dataset.classes), device)
    batches = evaluation_batches(split, mean=dataset.mean, std=dataset.std, batch_size=EVALUATION_BATCH, device=device)
    for images, labels in batches:
        with casting(recipe.precision, device):
            logits = model(images)
        tally.add(LOSSES[recipe.loss](logits, labels), logits, labels)
    return tally.score()
