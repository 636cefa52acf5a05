"""Where the time of our training step goes, beside the bare step that it cannot be faster than.

python -m benchmarks.profile [MODEL]
"""

import argparse
import dataclasses
import time

import numpy as np
import torch

from benchmarks.bare import BareStep, wait_for_the_device
from benchmarks.cases import CASES, DEVICE, Case, our_training
from cnnzoo.device.memory import keep_freed_memory
from cnnzoo.learning.evaluate import Tally

STEPS = 20


def milliseconds_a_step(case: Case) -> dict[str, float]:
    """The parts by name. On a GPU, where parts overlap, each is waited for."""
    case = dataclasses.replace(case, train_images=STEPS * case.recipe.batch_size, test_images=256)
    training, bare = our_training(case), BareStep(case)
    tally, logits = Tally(10, DEVICE), torch.randn(case.recipe.batch_size, 10, device=DEVICE)
    ends = []
    for _ in range(STEPS):
        own = [_now()]
        loss = bare.forward()
        own.append(_now())
        loss.backward()  # type: ignore[no-untyped-call]
        own.append(_now())
        bare.update()
        own.append(_now())
        tally.add(loss, logits, bare.labels)
        ends.append([*own, _now()])
    names = ("bare: forward", "bare: backward", "bare: update", "ours: metrics")
    result = dict(zip(names, 1000 * np.median(np.diff(ends), axis=0), strict=True))
    epochs = iter(training)
    next(epochs)  # the first one still warms up
    epoch = next(epochs)
    result["ours: data and augmentation"] = 1000 * epoch.seconds_data / STEPS
    result["ours: everything"] = 1000 * (epoch.seconds_data + epoch.seconds_compute) / STEPS
    return result


def _now() -> float:
    wait_for_the_device()
    return time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description="Where the time of a training step goes.")
    parser.add_argument("model", nargs="?", default="lenet", choices=CASES)
    torch.set_num_threads(1)
    keep_freed_memory()
    print("| part of a step | ms |\n|---|---|")
    for name, milliseconds in milliseconds_a_step(CASES[parser.parse_args().model]).items():
        print(f"| {name} | {milliseconds:.3f} |")


if __name__ == "__main__":
    main()
