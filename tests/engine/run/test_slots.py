"""Every slot of a machine is kept busy, however long a worker takes to be asked for."""

import json
from pathlib import Path

import pytest

from tests.engine.runs import start

SLOTS, TRIALS = 8, 16
SLEEPY_NETWORK = """
import time
from torch import nn


class Sleepy(nn.Sequential):
    def forward(self, x):
        time.sleep(3.0 if self.training else 0.0)
        return super().forward(x)


def net(shape, classes):
    return Sleepy(nn.Flatten(), nn.Linear(shape[1] * shape[2], classes))
"""
SLEEPY_STUDY = f"""
from cnnzoo import Recipe
from studies.engine import Arm, Budget, Scale, Study, main
from studies.engine.plan.machine import Machine

Machine.here = classmethod(lambda cls: cls(cpus={SLOTS}, gpus=0))  # asleep they need no cores
base = Recipe(model="sleepy:net", train_size=40, batch_size=10, validation=0.02, epochs=3)
arms = {{f"lr {{k}}": Arm(lr=0.01 * k) for k in range(1, 5)}}
main(Study(
    name="sleepy", question="?", base=base, arms=arms, baseline="lr 1", budget=Budget(seeds={TRIALS // 4}),
    demo=Scale(seeds=None, trials_per_arm=1),
))
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_eight_slots_are_busy(tmp_path: Path) -> None:
    """By itself Tune has one trial of a searcher wait for its worker: 2.8 of the eight slots were busy."""
    (tmp_path / "sleepy.py").write_text(SLEEPY_NETWORK)
    (tmp_path / "study.py").write_text(SLEEPY_STUDY)
    study = start(tmp_path, study=tmp_path / "study.py")
    try:
        printed, _ = study.communicate(timeout=1100)  # eight workers import torch on however few cores there are
    finally:
        study.terminate()
    assert study.returncode == 0, printed
    assert busy(tmp_path / "results") >= SLOTS - 1


def busy(results: Path) -> float:
    """How many slots were busy on average, from when all had begun to when nothing was left to begin.

    A trial is taken to begin its epochs' seconds before its end: the book hears of it with its first epoch.
    """
    rows = map(json.loads, (results / "studies" / "sleepy.demo" / "trials.jsonl").read_text().splitlines())
    spans = sorted((row["ended"] - seconds_of(results / "trials" / row["signature"]), row["ended"]) for row in rows)
    assert len(spans) == TRIALS
    first, last = spans[SLOTS - 1][0], spans[-1][0]
    return sum(max(0.0, min(end, last) - max(start, first)) for start, end in spans) / (last - first)


def seconds_of(trial: Path) -> float:
    return sum(json.loads(line)["seconds"] for line in (trial / "epochs.jsonl").read_text().splitlines())
