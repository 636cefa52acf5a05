"""How many slots one driver keeps busy: ``python -m benchmarks.driver_on_ray [TRIALS]``.

Whole studies on Ray Tune, with the book and MLflow, whose networks have nothing to learn: what is measured is the processor time of the
driver's own process, in three studies: few trials, many trials of one epoch, and as many of twenty. Their differences are what a trial
and an epoch cost. An epoch of s seconds then lets one driver have s / (an epoch's cost + a trial's cost / epochs) slots at once.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
FEW, EPOCHS, ROUNDS = 20, 20, 3
NETWORK = """
from torch import nn


def net(shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[1] * shape[2], classes))
"""
STUDY = """
import atexit, resource

from cnnzoo import Recipe
from studies.engine import Arm, Budget, Scale, Study, main


def say():
    used = resource.getrusage(resource.RUSAGE_SELF)
    print("driver", used.ru_utime + used.ru_stime)


atexit.register(say)
base = Recipe(model="tiny:net", train_size=40, batch_size=40, validation=0.02, epochs=EPOCHS)
arms = {f"lr {k}": Arm(lr=0.001 * k) for k in range(1, ARMS + 1)}
main(Study(
    name="driver", question="?", base=base, arms=arms, baseline="lr 1", budget=Budget(seeds=10),
    demo=Scale(seeds=None, trials_per_arm=1),
))
"""


def driver_seconds(trials: int, epochs: int) -> float:
    """Processor seconds of the process that a study was started as."""
    with tempfile.TemporaryDirectory(prefix="driver-") as folder:
        (Path(folder) / "tiny.py").write_text(NETWORK)
        (Path(folder) / "study.py").write_text(f"EPOCHS, ARMS = {epochs}, {trials // 10}\n{STUDY}")
        command = [sys.executable, "study.py", "--scale", "demo", "--only", "reported"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
        return float(ran.stdout.splitlines()[-1].removeprefix("driver "))


def main() -> None:
    trials = int((sys.argv[1:] or ["200"])[0])
    print("| round | ms a trial | ms an epoch |\n|---|---|---|")
    costs = []
    for number in range(1, ROUNDS + 1):
        few, many, long = (driver_seconds(*each) for each in ((FEW, 1), (trials, 1), (trials, EPOCHS)))
        epoch = 1000 * (long - many) / (trials * (EPOCHS - 1))
        costs.append((1000 * (many - few) / (trials - FEW) - epoch, epoch))
        print(f"| {number} | {costs[-1][0]:.1f} | {costs[-1][1]:.2f} |", flush=True)
    trial, epoch = (median(column) for column in zip(*costs, strict=True))
    print("\n| epochs of | slots, 20 epochs a trial | trials an hour |\n|---|---|---|")
    for seconds in (1, 10, 60):
        slots = 1000 * seconds / (epoch + trial / EPOCHS)
        print(f"| {seconds} s | {slots:,.0f} | {3600 * slots / (EPOCHS * seconds):,.0f} |")


if __name__ == "__main__":
    main()
