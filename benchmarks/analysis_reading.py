"""How long a study takes to read: `python -m benchmarks.analysis_reading` prints a Markdown table.

Trials have what the engine gives them: 30 fields of a recipe, 19 metrics. Beside it, in turns, the ordinary way to
read them: `pandas.read_json`.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from analysis.read.book import Book
from analysis.read.runs import load
from studies.engine import schema

TRIALS, LONG, EPOCHS = 10_000, 1_000, 20
FIELDS = {f"field_{i}": 0.1 for i in range(26)} | {"activation": "relu", "epochs": EPOCHS, "precision": "fp32"}
ARMS = ("relu", "mish", "elu", "rrelu", "gelu")
VERSIONS = "python 3.11.2, torch 2.15.0, ray 2.60.0, optuna 5.0.0, mlflow 3.17.2, numpy 2.4.0"


def spec(name: str) -> dict[str, Any]:
    return {
        "name": name, "question": "?", "scale": "demo", "base": FIELDS, "arms": {arm: {"activation": arm} for arm in ARMS},
        "dataset": {"name": "mnist5k", "digest": "d", "classes": 10, "train": 3600, "validation": 400, "test": 1000},
        "baseline": "relu", "tuned_arms": {}, "tuned_baseline": None, "tuned_of": {}, "tune": {}, "reported": {}, "claims": [],
        "budget": {"seeds": list(range(TRIALS)), "confirm_seeds": [], "trials_per_arm": 1}, "margin": 0.5, "table": None, "format": 2,
    }  # fmt: skip


def row(i: int) -> dict[str, Any]:
    arm, seed = ARMS[i % len(ARMS)], i // len(ARMS)
    names = (*schema.TRIAL_METRICS, *(name for name in schema.EPOCH_METRICS if name != schema.LEARNING_RATE))
    return {
        "arm": arm, "stage": "reported", "seed": seed, "number": None, "signature": f"{i:016x}", "name": f"{arm} · seed {seed}",
        "outcome": "completed", "reason": "", "started": 1.7e9 + i, "ended": 1.7e9 + i + 60, "device": "cpu", "host": "here",
        "dataset_digest": "d" * 32, "versions": VERSIONS, "trials_on_device": 2,
        **FIELDS, "activation": arm, "lr": 0.001 * (1 + i % 97), "stem": [3, 3],
        **{name: 50 + i % 41 + 0.123456789 * at for at, name in enumerate(names)},
    }  # fmt: skip


def write(root: Path, name: str, trials: int, curves: bool) -> None:
    """The book of a study of so many trials."""
    folder = root / "studies" / f"{name}.demo"
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps(spec(name)))
    (folder / "trials.jsonl").write_text("".join(f"{json.dumps(row(i))}\n" for i in range(trials)))
    for i in range(trials if curves else 0):
        own = root / "trials" / f"{i:016x}"
        own.mkdir(parents=True)
        metrics = [dict.fromkeys(schema.EPOCH_METRICS, i / 7 + epoch) for epoch in range(1, EPOCHS + 1)]
        lines = [json.dumps({"epoch": epoch, **each}) for epoch, each in enumerate(metrics, start=1)]
        (own / "epochs.jsonl").write_text("".join(f"{line}\n" for line in lines))


def medians(*actions: Callable[[], object], times: int = 5) -> list[float]:
    """Seconds of each, in turns."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(times):
        for action, seconds in zip(actions, taken, strict=True):
            start = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - start)
    return [median(seconds) for seconds in taken]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, "many", TRIALS, curves=False)
        write(root, "long", LONG, curves=True)
        book, table = Book(root), root / "studies/many.demo/trials.jsonl"
        long = load(book, "long")
        command = [sys.executable, "-m", "analysis.tables", "--study", "long", "--results", folder]
        trials, ordinary, curves, printed = medians(
            lambda: load(book, "many"),
            lambda: pd.read_json(table, lines=True),
            lambda: long.curves(long.trials),
            lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL),
        )
    lines = [
        (f"{TRIALS:,} trials into the frame, those of the plan picked out", trials),
        (f"pandas.read_json, {TRIALS:,} trials: {ordinary / trials:.2f}x", ordinary),
        (f"the curves of {LONG:,} trials, {EPOCHS} epochs each, 12 metrics", curves),
        (f"the table of {LONG:,} trials, from the shell", printed),
    ]
    print("| what | seconds |\n|---|---|")
    print("\n".join(f"| {what} | {seconds:.2f} |" for what, seconds in lines))


if __name__ == "__main__":
    main()
