"""What made-up networks say of a made-up test set, written into the book beside the fake study's trials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fake_study import Trial, reported, signature_of, spec, write_book

LABELS = (0, 0, 0, 0, 1, 1, 1, 1, 2, 2)
CLASSES = ("cat", "dog", "ox")
# By arm, a row a seed: relu takes cat 3 for a dog; mish gets ox 9 wrong on both seeds, and dog 4 on one.
SAID: Mapping[str, Sequence[Sequence[int]]] = {
    "relu": [(0, 0, 0, 1, 1, 1, 1, 1, 2, 0), (0, 0, 0, 1, 1, 1, 1, 1, 2, 2)],
    "mish": [(0, 0, 0, 0, 2, 1, 1, 1, 2, 1), (0, 0, 0, 0, 1, 1, 1, 1, 2, 0)],
}


def small_study(**changes: Any) -> tuple[dict[str, Any], list[Trial]]:
    """Two arms on two seeds and ten images; relu has 80 and 90 %, mish 80 and 90 %."""
    arms = {name: {"activation": name} for name in SAID}
    data = {"name": "beasts", "digest": "d1", "classes": 3, "train": 50, "validation": 5, "test": 10}
    plan = spec(arms=arms, tuned_arms={}, dataset=data, **changes)
    accuracy = {arm: [100 * np.mean(np.equal(said, LABELS)) for said in seeds] for arm, seeds in SAID.items()}
    return plan, [trial for arm in SAID for trial in reported(arm, [float(one) for one in accuracy[arm]])]


def say(trial: Trial) -> Sequence[int]:
    return SAID[trial.arm][trial.seed - 1]


def keep_test_set(
    plan: Mapping[str, Any], labels: Sequence[int], array: str = "", digest: str = "d1", first_row: int = 0
) -> Path:
    path = Path("results/studies") / f"{plan['name']}.{plan['scale']}" / f"test_set.{digest}.npz"
    rows = np.arange(first_row, first_row + len(labels))
    np.savez_compressed(path, labels=np.array(labels, np.uint8), classes=np.array(CLASSES), rows=rows, array=array)
    return path


def keep_predictions(trials: Sequence[Trial], of: Callable[[Trial], Sequence[int]] = say) -> None:
    for trial in trials:
        predicted = np.array(of(trial), np.uint8)
        loss = np.linspace(0, 1, len(predicted)).astype(np.float16)
        path = Path("results/trials") / signature_of(trial) / "predictions.npz"
        np.savez_compressed(path, predicted=predicted, loss=loss)


def write_all(plan: Mapping[str, Any], trials: Sequence[Trial], array: str = "") -> None:
    """The small study with all that its networks say."""
    write_book(plan, trials)
    keep_test_set(plan, LABELS, array)
    keep_predictions(trials)


def elsewhere(trials: Sequence[Trial], arm: str) -> list[Trial]:
    """The trials, those of an arm with other data."""
    return [replace(trial, digest="d2") if trial.arm == arm else trial for trial in trials]
