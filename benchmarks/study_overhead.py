"""What a study costs beside its trainings: ``python -m benchmarks.study_overhead DATA [ROUNDS]`` with MNIST under DATA.

1. Wall time of 12 LeNet trials x 3 epochs on MNIST, Ray's start and MLflow included, against the ordinary script; in turn.
2. Share of the core-seconds that are training and evaluation, from when the first trial was begun to the end of the
   command: MLflow, the table and Ray's shutdown are in it, the start of Ray is not.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
OURS, THEIRS = "benchmarks.twelve_lenets", "benchmarks.ordinary_tune_script"


def timed(module: str, *arguments: str, folder: Path) -> float:
    # The ordinary script would join, or look for ever for, the cluster that was last started on this machine.
    ray = {"RAY_ADDRESS": "local", "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {**os.environ, **ray, "PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    start = time.perf_counter()
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def training_seconds(folder: Path) -> float:
    """The seconds of the epochs, and from the last epoch of each trial to its result: the evaluation on the test set."""
    seconds = 0.0
    for trial in folder.glob("results/trials/*"):
        epochs = trial / "epochs.jsonl"
        seconds += sum(json.loads(line)["seconds"] for line in epochs.read_text().splitlines())
        seconds += (trial / "result.json").stat().st_mtime - epochs.stat().st_mtime
    return seconds


def seconds_since_the_first_trial(folder: Path) -> float:
    return time.time() - min(path.stat().st_mtime for path in folder.glob("results/trials/*/recipe.json"))


def one_round(data: Path) -> tuple[float, float, float, float]:
    """Seconds of the ordinary script, of the study, of the study once its first trial had begun, and of its epochs."""
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        scratch = Path(folder)
        theirs = timed(THEIRS, str(data), folder, folder=scratch)
        ours = timed(OURS, "--scale", "report", "--data-dir", str(data), folder=scratch)
        return theirs, ours, seconds_since_the_first_trial(scratch), training_seconds(scratch)


def main() -> None:
    data, rounds = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    slots = len(os.sched_getaffinity(0))
    print("| round | ordinary script s | study s | ratio | study s after Ray's start | training s, all slots | share |")
    print("|---|---|---|---|---|---|---|")
    ratios, shares = [], []
    for number in range(1, rounds + 1):
        theirs, ours, after_start, training = one_round(data)
        ratios.append(theirs / ours)
        shares.append(training / (after_start * slots))
        cells = f"{theirs:.1f} | {ours:.1f} | {ratios[-1]:.2f} | {after_start:.1f} | {training:.1f} | {shares[-1]:.2f}"
        print(f"| {number} | {cells} |", flush=True)
    print(f"\nmedian ratio {median(ratios):.2f}, median share {median(shares):.2f}")


if __name__ == "__main__":
    main()
