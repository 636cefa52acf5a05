"""Time a whole epoch with evaluation, ours and the ordinary one, and our steps against the bare ones.

    python -m benchmarks.training [MODEL ...] [--rounds 3]

Every epoch is timed in a fresh process with one thread, in turns, so that neither side profits from what the other did
to the process and both see the same machine. Printed are medians, as a Markdown table.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks import ordinary
from benchmarks.cases import CASES, CPU, Case, our_training
from cnnzoo.augment import training_batches
from cnnzoo.memory import keep_freed_memory
from cnnzoo.nets import build
from cnnzoo.optim import OPTIMIZERS
from cnnzoo.precision import casting, settle

WORKERS = (0, 2, 4)


def our_seconds_an_epoch(case: Case) -> float:
    torch.set_num_threads(1)
    keep_freed_memory()
    training = our_training(case)
    started = time.perf_counter()
    next(iter(training))
    return time.perf_counter() - started


def share_of_the_bare_step(case: Case, rounds: int) -> float:
    """Our images a second, with data, augmentation and metrics, over those of the bare step; one process, in turns."""
    torch.set_num_threads(1)
    keep_freed_memory()
    training = our_training(case)
    epochs, bare = iter(training), bare_step(case)
    shares = []
    bare(), next(epochs)
    for _ in range(rounds):
        before = _images_a_second(bare, case)
        ours = next(epochs).images_per_second
        after = _images_a_second(bare, case)
        shares.append(ours / ((before + after) / 2))
    return statistics.median(shares)


def bare_step(case: Case) -> Callable[[], None]:
    """Forward, backward and update of the same network in the same precision and layout, on one real batch."""
    training = our_training(case)
    recipe, data = settle(case.recipe, CPU), training.dataset
    model: nn.Module = build(recipe, data.shape, len(data.classes)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    builder = OPTIMIZERS[recipe.optimizer]
    optimizer = builder(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, **recipe.taken_by(builder))
    stream = torch.Generator().manual_seed(0)
    images, labels = next(
        training_batches(
            data.train, mean=data.mean, std=data.std, batch_size=recipe.batch_size, crop=0, flip=False, erasing=0.0,
            order=stream, noise=stream, device=CPU,
        )
    )  # fmt: skip

    def step() -> None:
        with casting(recipe.precision, CPU):
            logits = model(images)
        F.cross_entropy(logits.float(), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    return step


def _images_a_second(step: Callable[[], None], case: Case) -> float:
    """Over a quarter of an epoch, at least three steps."""
    steps = max(3, case.train_images // case.recipe.batch_size // 4)
    started = time.perf_counter()
    for _ in range(steps):
        step()
    return steps * case.recipe.batch_size / (time.perf_counter() - started)


def in_a_fresh_process(function: Callable[..., float], *arguments: Any) -> float:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def measure(name: str, rounds: int) -> str:
    """A row of the table."""
    case = CASES[name]
    ours: list[float] = []
    theirs: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(rounds):
        ours.append(in_a_fresh_process(our_seconds_an_epoch, case))
        for workers in WORKERS:
            theirs[workers].append(in_a_fresh_process(ordinary.seconds_an_epoch, case, workers))
    seconds = statistics.median(ours)
    share = in_a_fresh_process(share_of_the_bare_step, case, rounds)
    columns = [f"{statistics.median(theirs[w]):.1f} s = {statistics.median(theirs[w]) / seconds:.2f}x" for w in WORKERS]
    images = f"{case.train_images:,} + {case.test_images:,}"
    precision = settle(case.recipe, CPU).precision
    cells = [
        name,
        case.recipe.dataset,
        images,
        precision,
        f"{seconds:.1f} s",
        *columns,
        f"{case.target}x",
        f"{share:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Our epoch against the ordinary loop's and our step against the bare one."
    )
    parser.add_argument("models", nargs="*", default=list(CASES), help=f"of {', '.join(CASES)}; all without")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is timed (3)")
    arguments = parser.parse_args()
    if unknown := set(arguments.models) - set(CASES):
        parser.error(f"no benchmark of {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    headings = ["network", "data", "images", "precision", "ours", *(f"ordinary, {w} workers" for w in WORKERS)]
    print(f"| {' | '.join(headings)} | target | of the bare step |\n|{'---|' * (len(headings) + 2)}", flush=True)
    for name in arguments.models:
        print(measure(name, arguments.rounds), flush=True)


if __name__ == "__main__":
    main()
