"""Whole studies with known numbers, written into the book as the engine writes them."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
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
    search: int | None = None
    scale: str = "demo"
    shared: int = 1
    digest: str = "d1"
    versions: str = "python 3.11, torch 2.15"
    signature: str | None = None
    curve: Sequence[float] | None = None
    seconds: float = 2.0
    extra: Mapping[str, Sequence[float]] = field(default_factory=dict)  # further metrics, step by step
    beyond: int = 0  # epochs trained after the one that it was judged by
    ended: float = 1.0  # seconds since 1970

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
        "format": 2, "budget": {"seeds": [1, 2, 3], "confirm_seeds": [101, 102, 103], "search_seed": 0, "trials_per_arm": 4},
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


def write_book(plan: Mapping[str, Any], trials: Sequence[Trial], root: Path = Path("results")) -> Path:
    """The study's spec and table, anew, and the folders of its trials. Returns the root."""
    folder = root / "studies" / f"{plan['name']}.{plan['scale']}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(plan))
    ended = [trial for trial in trials if trial.outcome]
    (folder / "trials.jsonl").write_text("".join(f"{json.dumps(_row(trial))}\n" for trial in ended))
    for trial in trials:
        own = root / "trials" / signature_of(trial)
        own.mkdir(parents=True, exist_ok=True)
        (own / "epochs.jsonl").write_text("".join(f"{json.dumps(epoch)}\n" for epoch in _epochs(trial)))
    return root


def signature_of(trial: Trial) -> str:
    text = f"{trial.arm} {trial.stage} {trial.scale} {trial.recipe()}"
    return trial.signature or hashlib.sha256(text.encode()).hexdigest()[:16]


def _row(trial: Trial) -> dict[str, Any]:
    """The line of a trial in its study's table."""
    done = _epochs_done(trial)
    last = _epochs(trial)[done - 1] if done else {}
    metrics = {name: last[name] for name in (*schema.EPOCH_METRICS,) if name in last and name != schema.LEARNING_RATE}
    metrics |= {schema.EPOCHS_DONE: done, schema.PARAMETERS: 894_218, schema.SIZE_MB: 3.41}
    if trial.test is not None and trial.outcome == "completed":
        metrics |= {schema.TEST_ACC1: trial.test, schema.TEST_LOSS: 0.3}
    return {
        "arm": trial.arm, "stage": trial.stage, "seed": trial.seed, "search": trial.search, "number": trial.number,
        "signature": signature_of(trial), "name": f"{trial.arm} · seed {trial.seed}", "outcome": trial.outcome,
        "reason": "", "started": 0.0, "ended": trial.ended, "device": "cpu", "host": "here", "dataset_digest": trial.digest,
        "versions": trial.versions, "trials_on_device": trial.shared, **trial.recipe(),
        **{name: None if math.isnan(value) else value for name, value in metrics.items()},
    }  # fmt: skip


def _epochs_done(trial: Trial) -> int:
    if trial.curve is not None:
        return len(trial.curve)
    return int(BASE["epochs"]) if trial.outcome == "completed" else 2


def _epochs(trial: Trial) -> list[dict[str, Any]]:
    """The lines of a trial's epochs.jsonl; NaN stands there as Python writes it."""
    rising = [trial.val - 20, trial.val - 5, trial.val, trial.val]
    curve = rising[: _epochs_done(trial) + trial.beyond] if trial.curve is None else trial.curve
    return [_epoch(trial, number, val) for number, val in enumerate(curve, 1)]


def _epoch(trial: Trial, number: int, val: float) -> dict[str, Any]:
    validated = bool(trial.recipe()["validation"])
    by_step = {
        name: [[step, value] for step, value in enumerate(values, 1)] if number == 1 else []
        for name, values in trial.extra.items()
    }
    return {
        "epoch": number,
        schema.TRAIN_LOSS: 2.0 / number,
        schema.TRAIN_ACC1: trial.train - 4 + number if trial.curve is None else val,
        schema.VAL_LOSS: 2.0 / number if validated else math.nan,
        schema.VAL_ACC1: val if validated and trial.outcome != "diverged" else math.nan,
        schema.LEARNING_RATE: trial.recipe()["lr"],
        schema.SECONDS: trial.seconds,
        **by_step,
        **_tested_so_far(trial, number),
    }


def _tested_so_far(trial: Trial, number: int) -> dict[str, float]:
    """The test curve that only trials as reported have: a point an epoch up to their test accuracy, on a falling loss."""
    if trial.stage != "reported" or trial.test is None:
        return {}
    return {
        schema.TEST_LOSS_BY_EPOCH: 2.2 / number,
        schema.TEST_ACC1_BY_EPOCH: trial.test - BASE["epochs"] + number,
    }


def _tested(
    arm: str, stage: str, seed: int, test: float | None, fields: Mapping[str, Any], same: Mapping[str, Any]
) -> Trial:
    trial = Trial(arm, stage, seed, fields=fields, **same)
    return replace(trial, test=test, outcome="completed" if test is not None else "diverged")


def claim(
    text: str,
    kind: str,
    arms: Sequence[str],
    than: Sequence[str] = (),
    metric: str = "test/acc1",
    at: float | None = None,
) -> dict[str, Any]:
    return {"text": text, "kind": kind, "arms": list(arms), "than": list(than), "metric": metric, "at": at}
