"""What a study costs beside its trainings: ``python -m benchmarks.study_overhead DATA [ROUNDS]`` with MNIST under DATA.

1. Wall time of 12 LeNet trials x 3 epochs on MNIST, Ray's start and MLflow included, against the ordinary script; in turn.
2. Share of the core-seconds after Ray has started that are training and evaluation.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
OURS, THEIRS = "benchmarks.twelve_lenets", "benchmarks.ordinary_tune_script"


def timed(module: str, *arguments: str, folder: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )
    return time.perf_counter() - start


def training_seconds(folder: Path) -> float:
    lines = [line for path in folder.glob("results/trials/*/epochs.jsonl") for line in path.read_text().splitlines()]
    return sum(json.loads(line)["seconds"] for line in lines)


def one_round(data: Path) -> tuple[float, float, float]:
    """Seconds of the ordinary script, of the study, and of the study's epochs."""
    scratch = Path(tempfile.mkdtemp(prefix="overhead-"))
    try:
        theirs = timed(THEIRS, str(data), str(scratch), folder=scratch)
        ours = timed(OURS, "--scale", "report", "--data-dir", str(data), folder=scratch)
        return theirs, ours, training_seconds(scratch)
    finally:
        shutil.rmtree(scratch)


def main() -> None:
    data, rounds = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    slots = len(os.sched_getaffinity(0))
    print("| round | ordinary script s | study s | ratio | training s, all slots | share of the study's core-seconds |")
    print("|---|---|---|---|---|---|")
    ratios = []
    for number in range(1, rounds + 1):
        theirs, ours, training = one_round(data)
        ratios.append(theirs / ours)
        print(
            f"| {number} | {theirs:.1f} | {ours:.1f} | {theirs / ours:.2f} | {training:.1f} | {training / (ours * slots):.2f} |",
            flush=True,
        )
    print(f"\nmedian ratio {median(ratios):.2f}")


if __name__ == "__main__":
    main()
