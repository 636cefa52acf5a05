"""How long a study takes to read: `python -m benchmarks.analysis_reading` prints a Markdown table.

Trials have what the engine gives them: 30 parameters, 13 tags, 19 metrics. Beside it, in turns, the ordinary way to read
them fast: three queries and a pivot. `--compare` adds `mlflow.search_runs`.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import pandas as pd
from analysis.read.stores import open_store

from analysis.read.runs import frame, history_frame
from studies.engine import schema

TRIALS, LONG, EPOCHS = 10_000, 1_000, 20
HISTORIES = schema.EPOCH_METRICS[:6]
MAKE = "import sys; from mlflow import MlflowClient; MlflowClient(sys.argv[1]).create_experiment('big')"
SEARCH = "import sys, mlflow; mlflow.set_tracking_uri(sys.argv[1]); mlflow.search_runs(experiment_names=['big'], max_results=50_000)"
FIELDS = {f"field_{i}": "0.1" for i in range(26)} | {"activation": "relu", "epochs": str(EPOCHS)}
ARMS = ("relu", "mish", "elu", "rrelu", "gelu")


def spec() -> dict[str, object]:
    arms = {arm: {"activation": arm} for arm in ARMS}
    return {
        "name": "big", "question": "?", "scale": "demo", "base": {"precision": "fp32", "epochs": EPOCHS}, "arms": arms, "baseline": "relu",
        "dataset": {"name": "mnist5k", "digest": "d", "classes": 10, "train": 3600, "validation": 400, "test": 1000},
        "tuned_arms": {}, "tuned_baseline": None, "tuned_of": {}, "tune": {}, "reported": {}, "claims": [],
        "budget": {"seeds": list(range(TRIALS)), "confirm_seeds": [], "trials_per_arm": 1}, "margin": 0.5, "table": None,
    }  # fmt: skip


def write(path: Path, trials: int, histories: bool) -> str:
    """A study of so many trials, straight into tables that MLflow made."""
    uri = f"sqlite:///{path}"
    subprocess.run([sys.executable, "-c", MAKE, uri], check=True, capture_output=True)
    runs, tags, params, latest, metrics = [], [], [], [], []
    parent = {schema.KIND: "study", schema.STUDY: "big", schema.SCALE: "demo", **schema.spec_to_tags(spec())}
    for i in range(-1, trials):
        run, arm = uuid.uuid4().hex, ARMS[i % len(ARMS)]
        runs.append((run, f"run {i}", i))
        own = {
            schema.KIND: "trial", schema.STUDY: "big", schema.SCALE: "demo", schema.ARM: arm, schema.STAGE: "reported",
            schema.SEED: str(i // len(ARMS)), schema.SIGNATURE: f"{i:016x}", schema.OUTCOME: "completed",
            schema.DEVICE: "cpu", schema.SHARED_DEVICE: "2", schema.DATASET_DIGEST: "d", "mlflow.user": "a", "mlflow.runName": "b",
        }  # fmt: skip
        tags += [(key, value, run) for key, value in (own if i >= 0 else parent).items()]
        if i >= 0:
            own_params = {**FIELDS, "activation": arm, "seed": str(i // len(ARMS)), "lr": str(0.001 * (1 + i % 97))}
            params += [(key, value, run) for key, value in own_params.items()]
            names = (*schema.EPOCH_METRICS, *schema.TRIAL_METRICS)
            latest += [(key, 50 + i % 41 + 0.123456789 * at, EPOCHS, run) for at, key in enumerate(names)]
            if histories:
                metrics += [
                    (key, i / 7 + step, step, run) for key in schema.EPOCH_METRICS for step in range(1, EPOCHS + 1)
                ]
    with sqlite3.connect(path) as db:
        db.executemany(
            "INSERT INTO runs (run_uuid, name, start_time, source_type, status, lifecycle_stage, experiment_id, user_id, source_name, "
            "entry_point_name, source_version, artifact_uri) VALUES (?, ?, ?, 'LOCAL', 'FINISHED', 'active', 1, '', '', '', '', '')",
            runs,
        )
        db.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", tags)
        db.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", params)
        for table, rows in (("latest_metrics", latest), ("metrics", metrics)):
            db.executemany(
                f"INSERT INTO {table} (key, value, step, run_uuid, timestamp, is_nan) VALUES (?, ?, ?, ?, 0, 0)", rows
            )
    db.close()
    return uri


def pivoted(path: Path) -> pd.DataFrame:
    """Tags, parameters and metrics as a person would read them who knows that `mlflow.search_runs` is slow."""
    with closing(sqlite3.connect(path)) as db:
        long = [pd.read_sql(f"SELECT run_uuid, key, value FROM {t}", db) for t in ("tags", "params", "latest_metrics")]
    return pd.concat([rows.pivot(index="run_uuid", columns="key", values="value") for rows in long], axis=1)


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
    options = argparse.ArgumentParser(description="How long a study takes to read.")
    options.add_argument("--compare", action="store_true", help="measure mlflow.search_runs beside it")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.db"
        many, long = write(path, TRIALS, False), write(Path(folder) / "long.db", LONG, True)
        store, histories = open_store(many), open_store(long)
        ids = [run.id for run in histories.runs("big", "trial")]
        command = [sys.executable, "-m", "analysis.tables", "--study", "big", "--scale", "demo"]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": long}
        ours, ordinary = medians(lambda: frame(store.runs("big", "trial")), lambda: pivoted(path))
        (history,) = medians(lambda: history_frame(histories, ids, HISTORIES))
        (table,) = medians(lambda: subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL))
        lines = [
            (f"{TRIALS:,} trials into the frame", ours),
            (f"three queries and a pivot, {TRIALS:,} trials: {ordinary / ours:.2f}x", ordinary),
            (f"histories of {LONG:,} trials", history),
            (f"the table of {LONG:,} trials", table),
        ]
        if given.compare:
            (search,) = medians(lambda: subprocess.run([sys.executable, "-c", SEARCH, many], check=True), times=1)
            lines.append((f"mlflow.search_runs, {TRIALS:,} trials: {search / ours:.1f}x", search))
    print("| what | seconds |\n|---|---|")
    print("\n".join(f"| {what} | {seconds:.2f} |" for what, seconds in lines))


if __name__ == "__main__":
    main()
