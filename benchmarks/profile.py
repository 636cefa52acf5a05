"""Where the time of our training step goes, beside the bare step that it cannot be faster than.

python -m benchmarks.profile [MODEL]
"""

import argparse
import dataclasses
import statistics
import time
from collections import defaultdict

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
    parts = defaultdict(list)
    for _ in range(STEPS):
        started = _now()
        loss = bare.forward()
        forward = _now()
        loss.backward()  # type: ignore[no-untyped-call]
        backward = _now()
        bare.update()
        update = _now()
        tally.add(loss, logits, bare.labels)
        parts["bare: forward"].append(forward - started)
        parts["bare: backward"].append(backward - forward)
        parts["bare: update"].append(update - backward)
        parts["ours: metrics"].append(_now() - update)
    result = {name: 1000 * statistics.median(seconds) for name, seconds in parts.items()}
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
