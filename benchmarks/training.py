"""Time a whole epoch with evaluation, ours and the ordinary one, and our steps against the bare ones.

    python -m benchmarks.training [MODEL ...] [--rounds 3]

Every epoch is timed in a fresh process with one thread, the two sides in turns, so that neither profits from what the
other did to its process and both see the same machine. Printed are medians, as a Markdown table. The ordinary loop with
2 and 4 worker processes, which on two cores is only slower, is timed once.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch

from benchmarks import ordinary
from benchmarks.bare import BareStep
from benchmarks.cases import CASES, DEVICE, Case, our_training
from cnnzoo import settle
from cnnzoo.device.memory import keep_freed_memory

WORKERS = (0, 2, 4)


def our_seconds_an_epoch(case: Case) -> float:
    torch.set_num_threads(1)
    keep_freed_memory()
    epochs = iter(our_training(case))
    started = time.perf_counter()
    next(epochs)
    return time.perf_counter() - started


def share_of_the_bare_step(case: Case, rounds: int) -> float:
    """Our images a second, with data, augmentation and metrics, over those of the bare step, in one process in turns."""
    torch.set_num_threads(1)
    keep_freed_memory()
    epochs, bare = iter(our_training(case)), BareStep(case)
    steps = max(3, case.train_images // case.recipe.batch_size // 4)
    next(epochs)
    before, shares = bare.images_a_second(steps), []
    for _ in range(rounds):
        ours, after = next(epochs).images_per_second, bare.images_a_second(steps)
        shares.append(ours / ((before + after) / 2))
        before = after
    return statistics.median(shares)


def in_a_fresh_process(function: Callable[..., float], *arguments: Any) -> float:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def measure(name: str, rounds: int) -> list[str]:
    """The cells of one row of the table."""
    case = CASES[name]
    ours: list[float] = []
    theirs: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for number in range(rounds):
        ours.append(in_a_fresh_process(our_seconds_an_epoch, case))
        for workers in WORKERS if number == 0 else WORKERS[:1]:
            theirs[workers].append(in_a_fresh_process(ordinary.seconds_an_epoch, case, workers))
    seconds = statistics.median(ours)
    share = in_a_fresh_process(share_of_the_bare_step, case, rounds)
    medians = [statistics.median(theirs[workers]) for workers in WORKERS]
    images, precision = f"{case.train_images:,} + {case.test_images:,}", settle(case.recipe, DEVICE).precision
    ratios = [f"{median:.1f} s = {median / seconds:.2f}x" for median in medians]
    return [
        name, case.recipe.dataset, images, precision, f"{seconds:.1f} s", *ratios, f"{case.target}x", f"{share:.3f}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(CASES)}; without any: all")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is timed (3)")
    arguments = parser.parse_args()
    if unknown := set(arguments.models) - set(CASES):
        parser.error(f"no benchmark of {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    theirs = " | ".join(f"ordinary, {workers} workers" for workers in WORKERS)
    print(f"| network | data | images | precision | ours | {theirs} | aim, with bf16 units | of the bare step |")
    print(f"|{'---|' * (7 + len(WORKERS))}", flush=True)
    for name in arguments.models or CASES:
        print(f"| {' | '.join(measure(name, arguments.rounds))} |", flush=True)


if __name__ == "__main__":
    main()
