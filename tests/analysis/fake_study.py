"""Whole studies with known numbers, written into an MLflow store as the engine writes them."""

import hashlib
import math
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studies.engine import schema

BASE = {
    "dataset": "mnist5k", "image_size": None, "train_size": None, "validation": 0.1, "model": "simp_res9",
    "activation": "relu", "norm": "batch", "stem": [3], "optimizer": "sgd", "lr": 0.01, "momentum": 0.9,
    "weight_decay": 0.0005, "l1": 0.0, "schedule": "constant", "loss": "cross_entropy", "label_smoothing": 0.0, "crop": 0, "flip": False,
    "erasing": 0.0, "batch_size": 64, "epochs": 4, "precision": "fp32", "seed": 0,
}  # fmt: skip
LR = {"lr": {"low": 1e-4, "high": 1.0, "log": True}}


@dataclass(frozen=True)
class Trial:
    """``test`` None: not tested. Its validation curve rises to ``val`` and is flat at the end."""

    arm: str
    stage: str
    seed: int
    val: float = 90.0
    test: float | None = 90.0
    train: float = 95.0
    fields: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | None = "completed"
    number: int | None = None
    scale: str = "demo"
    shared: int = 1
    digest: str = "d1"
    versions: str = "python 3.11, torch 2.15"
    signature: str | None = None
    deleted: bool = False
    curve: Sequence[float] | None = None
    seconds: float = 2.0
    extra: Mapping[str, Sequence[float]] = field(default_factory=dict)  # further metrics, step by step
    beyond: int = 0  # epochs trained after the one that it was judged by

    def recipe(self) -> dict[str, Any]:
        return {**BASE, **self.fields, "seed": self.seed}


def spec(**changes: Any) -> dict[str, Any]:
    """An activations study of three arms with tuned learning rate, on three seeds."""
    arms = changes.get("arms", {name: {"activation": name} for name in ("relu", "mish", "elu")})
    tuned = changes.get("tuned_arms", arms)
    return {
        "name": "activations", "question": "Which activation is best?", "scale": "demo",
        "dataset": {
            "name": "mnist5k", "digest": "d1", "classes": 10, "shape": [1, 28, 28], "train": 3600, "validation": 400,
            "test": 1000,
        },
        "base": BASE, "arms": arms, "baseline": "relu",
        "tuned_arms": tuned, "tuned_baseline": "relu" if tuned else None,
        "tuned_of": {name: name for name in arms} if tuned else {}, "tune": dict.fromkeys(tuned, LR),
        "budget": {"seeds": [1, 2, 3], "confirm_seeds": [101, 102, 103], "search_seed": 0, "trials_per_arm": 4},
        "reported": {
            "relu": {"test/acc1": 90.58, "train/acc1": 97.99}, "mish": {"test/acc1": 88.86, "train/acc1": 96.28},
        },
        "claims": [], "margin": 0.5, "table": None,
        **changes,
    }  # fmt: skip


def reported(
    arm: str,
    tests: Sequence[float | None],
    fields: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = range(1, 1000),
    **same: Any,
) -> list[Trial]:
    """The trials of an arm on seeds 1, 2, ...; None in place of an accuracy: diverged."""
    own = fields or {"activation": arm}
    return [_tested(arm, "reported", seed, test, own, same) for seed, test in zip(seeds, tests, strict=False)]


def confirmed(
    arm: str, tests: Sequence[float | None], lr: float, fields: Mapping[str, Any] | None = None, **same: Any
) -> list[Trial]:
    chosen = {**(fields or {"activation": arm}), "lr": lr}
    return [_tested(arm, "confirm", seed, test, chosen, same) for seed, test in enumerate(tests, 101)]


def searched(
    arm: str, lrs: Sequence[float], fields: Mapping[str, Any] | None = None, outcomes: Sequence[str] | None = None
) -> list[Trial]:
    own = fields or {"activation": arm}
    ends = outcomes or ["completed"] * len(lrs)
    return [
        Trial(arm, "search", 0, val=80.0 + number, test=None, fields={**own, "lr": lr}, number=number, outcome=end)
        for number, (lr, end) in enumerate(zip(lrs, ends, strict=True))
    ]


def activations() -> tuple[dict[str, Any], list[Trial]]:
    """relu 90, 91, 92; mish clearly better (+2); elu clearly worse (-4); tuned, mish is level with relu."""
    trials = []
    for arm, shift in (("relu", 0.0), ("mish", 2.0), ("elu", -4.0)):
        trials += reported(arm, [90 + shift, 91.1 + shift, 91.9 + shift], val=90 + shift, train=97.0)
        trials += searched(arm, [0.01, 0.5, 0.03, 0.001], outcomes=["completed", "diverged", "completed", "stopped"])
    for arm, tests in (("relu", [93.0, 93.2, 93.1]), ("mish", [93.1, 93.2, 93.0]), ("elu", [90.0, 90.3, 90.1])):
        trials += confirmed(arm, tests, lr=0.03, val=tests[0], train=98.0)
    return spec(), trials


def bn_grid() -> tuple[dict[str, Any], list[Trial]]:
    """BN x lr: BN is worth 10 points at 2e-3 and nothing at 1e-4; without BN one seed diverges at 2e-3."""
    arms = {
        f"{bn} · lr {lr}": {"norm": norm, "lr": value}
        for bn, norm in (("bn", "batch"), ("no bn", "none"))
        for lr, value in (("2e-3", 0.002), ("1e-4", 0.0001))
    }
    tests = {
        "bn · lr 2e-3": [86.0, 86.4, 86.5],
        "bn · lr 1e-4": [81.5, 81.9, 81.7],
        "no bn · lr 2e-3": [75.0, 76.4, 75.9],
        "no bn · lr 1e-4": [81.6, 81.8, 81.7],
    }
    trials = [t for arm, fields in arms.items() for t in reported(arm, tests[arm], fields, val=sum(tests[arm]) / 3)]
    tuned = {"bn": {"norm": "batch"}, "no bn": {"norm": "none"}}
    for arm, fields in tuned.items():
        trials += searched(arm, [0.01, 0.03, 0.001, 0.9], fields)
        trials += confirmed(arm, [88.0, 88.3, 88.4] if arm == "bn" else [84.0, 84.5, 84.1], 0.9, fields, val=88.0)
    plan = spec(
        name="vgg_bn", question="Does batch norm help?", arms=arms, tuned_arms=tuned,
        baseline="no bn · lr 2e-3", tuned_baseline="no bn",
        tuned_of={arm: arm.split(" · ")[0] for arm in arms}, table={"rows": "lr", "columns": "norm"},
        reported={arm: {"test/acc1": f} for arm, f in zip(arms, (86.40, 81.77, 75.98, 81.71), strict=True)},
    )  # fmt: skip
    return plan, trials


def without_validation() -> dict[str, Any]:
    """The activations study trained on every image but the test set's."""
    whole = {
        "name": "mnist5k",
        "digest": "d1",
        "classes": 10,
        "shape": [1, 28, 28],
        "train": 4000,
        "validation": 0,
        "test": 1000,
    }
    arms = {name: {"activation": name, "validation": 0.0} for name in ("relu", "mish", "elu")}
    return spec(name="whole", dataset=whole, base={**BASE, "validation": 0.0}, arms=arms, tuned_arms={})


def write_sql(path: Path, plan: Mapping[str, Any] | None, trials: Sequence[Trial], study: str = "activations") -> str:
    """Into a store that MLflow made: straight into its tables, as that takes milliseconds. Returns its URI."""
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT experiment_id FROM experiments WHERE name = ?", (study,)).fetchone()
        if not found:
            db.execute(
                "INSERT INTO experiments (name, artifact_location, lifecycle_stage) VALUES (?, '', 'active')",
                (study,),
            )
            found = db.execute("SELECT experiment_id FROM experiments WHERE name = ?", (study,)).fetchone()
        before = db.execute("SELECT count(*) FROM runs").fetchone()[0]  # what is written later began later
        for number, run in enumerate(runs(plan, trials), before):
            _insert(db, found[0], number, run)
    db.close()
    return f"sqlite:///{path}"


def write_client(uri: str, plan: Mapping[str, Any] | None, trials: Sequence[Trial], study: str = "activations") -> None:
    """The same through MLflow's client, as the engine does it."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(uri)
    experiment = client.create_experiment(study)
    for run in runs(plan, trials):
        made = client.create_run(experiment, run_name=run["name"]).info.run_id
        metrics = [Metric(key, value, 0, step) for key, step, value in run["metrics"]]
        client.log_batch(
            made,
            metrics,
            [Param(k, v) for k, v in run["params"].items()],
            [RunTag(k, v) for k, v in run["tags"].items()],
        )
        if run["status"] != "RUNNING":
            client.set_terminated(made, run["status"])
        if run["deleted"]:
            client.delete_run(made)


def runs(plan: Mapping[str, Any] | None, trials: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    """The parent run and one run a trial, as plain values."""
    if plan is not None:
        tags = {
            schema.KIND: "study",
            schema.STUDY: plan["name"],
            schema.SCALE: plan["scale"],
            **schema.spec_to_tags(plan),
        }
        yield {"name": plan["name"], "status": "FINISHED", "tags": tags, "params": {}, "metrics": [], "deleted": False}
    for trial in trials:
        yield _run(trial)


def _run(trial: Trial) -> dict[str, Any]:
    recipe = trial.recipe()
    tags = {
        schema.KIND: "trial", schema.STUDY: "activations", schema.ARM: trial.arm, schema.STAGE: trial.stage,
        schema.SCALE: trial.scale, schema.SEED: str(trial.seed), schema.DEVICE: "cpu",
        schema.SHARED_DEVICE: str(trial.shared), schema.DATASET_DIGEST: trial.digest, schema.VERSIONS: trial.versions,
        schema.SIGNATURE: trial.signature or hashlib.sha256(f"{trial.arm} {trial.stage} {recipe}".encode()).hexdigest()[:16],
    }  # fmt: skip
    optional = {schema.OUTCOME: trial.outcome, schema.NUMBER: trial.number}
    tags |= {name: str(value) for name, value in optional.items() if value is not None}
    status = {None: "RUNNING", "diverged": "FAILED", "failed": "FAILED", "stopped": "KILLED"}.get(
        trial.outcome, "FINISHED"
    )
    params = {name: str(value) for name, value in recipe.items() if value is not None}
    return {
        "name": f"{trial.arm} · seed {trial.seed}", "status": status, "tags": tags, "params": params,
        "metrics": list(_metrics(trial)), "deleted": trial.deleted,
    }  # fmt: skip


def _metrics(trial: Trial) -> Iterator[tuple[str, int, float]]:
    epochs = len(trial.curve or ()) or (BASE["epochs"] if trial.outcome == "completed" else 2)
    rising = [trial.val - 20, trial.val - 5, trial.val, trial.val]
    curve = rising[: epochs + trial.beyond] if trial.curve is None else trial.curve
    for epoch, val in enumerate(curve, 1):
        if trial.recipe()["validation"]:
            if trial.outcome != "diverged":  # what is no number is not logged
                yield schema.VAL_ACC1, epoch, val
            yield schema.VAL_LOSS, epoch, 2.0 / epoch
        yield schema.TRAIN_ACC1, epoch, trial.train - 4 + epoch if trial.curve is None else val
        yield schema.TRAIN_LOSS, epoch, 2.0 / epoch
        yield schema.SECONDS, epoch, trial.seconds
    for name, values in trial.extra.items():
        yield from ((name, step, value) for step, value in enumerate(values, 1))
    if trial.outcome is None:  # it is being trained
        return
    yield schema.EPOCHS_DONE, epochs, float(epochs)
    yield schema.PARAMETERS, epochs, 894_218.0
    yield schema.SIZE_MB, epochs, 3.41
    if trial.test is not None and trial.outcome == "completed":
        yield schema.TEST_ACC1, epochs, trial.test
        yield schema.TEST_LOSS, epochs, 0.3


def _tested(
    arm: str, stage: str, seed: int, test: float | None, fields: Mapping[str, Any], same: Mapping[str, Any]
) -> Trial:
    trial = Trial(arm, stage, seed, fields=fields, **same)
    return replace(trial, test=test, outcome="completed" if test is not None else "diverged")


def _insert(db: sqlite3.Connection, experiment: int, number: int, run: Mapping[str, Any]) -> None:
    made = uuid.uuid4().hex
    stage = "deleted" if run["deleted"] else "active"
    db.execute(
        "INSERT INTO runs (run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage, experiment_id, "
        "user_id, source_name, entry_point_name, source_version, artifact_uri) VALUES (?,?,'LOCAL',?,?,?,?,?,'','','','','')",
        (made, run["name"], run["status"], number, number, stage, experiment),
    )
    db.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?,?,?)", [(k, v, made) for k, v in run["tags"].items()]
    )
    db.executemany(
        "INSERT INTO params (key, value, run_uuid) VALUES (?,?,?)", [(k, v, made) for k, v in run["params"].items()]
    )
    rows = [(k, 0.0 if math.isnan(v) else v, 1, step, math.isnan(v), made) for k, step, v in run["metrics"]]
    for table, values in (("metrics", rows), ("latest_metrics", {(row[0]): row for row in rows}.values())):
        db.executemany(
            f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,?,?,?,?)", list(values)
        )


def claim(
    text: str,
    kind: str,
    arms: Sequence[str],
    than: Sequence[str] = (),
    metric: str = "test/acc1",
    at: float | None = None,
) -> dict[str, Any]:
    return {"text": text, "kind": kind, "arms": list(arms), "than": list(than), "metric": metric, "at": at}
