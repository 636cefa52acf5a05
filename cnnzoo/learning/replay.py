"""The steps of an epoch on a GPU, captured once as a CUDA graph and replayed.

A small network on a large GPU waits for its kernels to be launched; a graph launches those of a step at once. It works
on the same places of the memory each time, so all that changes from step to step stands there: images, learning rate,
and at which image of the block the step begins. Nothing in an epoch waits for the host.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

from cnnzoo.data import Dataset, Split
from cnnzoo.learning.augment import batches_of, images_of_a_block, normaliser
from cnnzoo.learning.evaluate import Tally
from cnnzoo.learning.update import Update
from cnnzoo.nets import ZOO
from cnnzoo.recipe import Recipe
from cnnzoo.storage.own import is_own

WARM_UPS = 3  # steps taken uncaptured: cuDNN chooses its algorithms, the optimiser makes its buffers
BLOCK_BYTES = 2**25  # of images that are augmented at once


class ReplayedSteps:
    """Runs the training steps of a block of images; on a CPU the same steps, uncaptured."""

    def __init__(self, update: Update, dataset: Dataset, split: Split) -> None:
        self._device = device = split.images.device
        self._update, self._batch_size = update, (batch_size := update.recipe.batch_size)
        # A CPU's optimisers take the learning rate in double precision, a GPU's in single.
        self._lr = torch.zeros((), dtype=torch.float32 if device.type == "cuda" else torch.float64, device=device)
        update.set_rate(self._lr)
        images = min(len(split), images_of_a_block(split, batch_size, BLOCK_BYTES))
        steps = -(-images // batch_size)
        self._normalise = normaliser(split.images.shape[1:], dataset.mean, dataset.std, device)
        self._pixels = torch.empty(images, *split.images.shape[1:], dtype=torch.uint8, device=device)
        self._labels = torch.empty(images, dtype=torch.int64, device=device)
        self._logits = torch.empty(images, len(dataset.classes), device=device)
        self._losses = torch.empty(steps, device=device)
        self._rates = torch.empty(steps, dtype=self._lr.dtype, device=device)
        self._step, self._first = (torch.zeros(1, dtype=torch.int64, device=device) for _ in range(2))
        self._offsets = torch.arange(batch_size, device=device)
        self._steps_by_size: dict[int, Callable[[], None]] = {}

    def run(self, images: Tensor, labels: Tensor, tally: Tally) -> None:
        with _beside_the_default_stream(self._device):
            sizes = [size for size, _ in batches_of(len(images), self._batch_size)]
            self._hand_in(images, labels, len(sizes))
            for size in sizes:
                if size not in self._steps_by_size:
                    self._steps_by_size[size] = self._step_of(size)
                self._steps_by_size[size]()
            self._update.steps_done += len(sizes)
            seen = sum(sizes)
            tally.add_block(self._losses[: len(sizes)], sizes, self._logits[:seen], self._labels[:seen])

    def _hand_in(self, images: Tensor, labels: Tensor, steps: int) -> None:
        """Put what the steps of a block read where they read it."""
        rates = [self._update.rate(self._update.steps_done + i) for i in range(steps)]
        self._pixels[: len(images)].copy_(images)
        self._labels[: len(labels)].copy_(labels)
        self._rates[:steps].copy_(torch.tensor(rates, dtype=self._rates.dtype))
        self._step.zero_()
        self._first.zero_()

    def _step_of(self, size: int) -> Callable[[], None]:
        def step() -> None:
            rows = self._first + self._offsets[:size]
            labels = self._labels.index_select(0, rows)
            self._lr.copy_(self._rates.index_select(0, self._step)[0])
            loss, logits = self._update(self._normalise(self._pixels.index_select(0, rows)), labels)
            self._logits.index_copy_(0, rows, logits.float())
            self._losses.index_copy_(0, self._step, loss.float().unsqueeze(0))
            self._first.add_(size)
            self._step.add_(1)

        return Replayed(step) if self._device.type == "cuda" else step


class Replayed:
    """A function that runs as it is at first, is then captured, and from then on replayed."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._warm_ups = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        if self._warm_ups < WARM_UPS:
            self._warm_ups += 1
            self._function()
            return
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            # Other threads of the process (Ray's, MLflow's) may use the GPU meanwhile.
            with torch.cuda.graph(self._graph, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"):
                self._function()
        self._graph.replay()


@contextmanager
def _beside_the_default_stream(device: torch.device) -> Iterator[None]:
    """On a GPU, a stream that can be captured, in order with the work before and after; nothing elsewhere."""
    if device.type != "cuda":
        yield
        return
    default, aside = torch.cuda.current_stream(device), _stream(device)
    aside.wait_stream(default)
    with torch.cuda.stream(aside):
        yield
    default.wait_stream(aside)


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """One for all trainings of the process: the memory that one leaves is then the next one's."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def can_be_replayed(recipe: Recipe, device: torch.device) -> bool:
    """Whether the steps may be captured: on a GPU, where nothing but the images changes from step to step.

    What is the user's own may decide in Python what it computes; captured, its first decision would stand.
    """
    own = is_own(recipe.loss) or recipe.augmentation
    return device.type == "cuda" and recipe.model in ZOO and not own and not recipe.landscape
