"""Whole simulated studies: each is written into a book, read back and judged as any study is."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.judge.verdicts import Judged, judged
from analysis.read.book import Book
from analysis.read.runs import load

Values = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int, int], Values]  # arms x seeds, of mean 0 and of about the spread SD
SD, MARGIN, LEVEL_OF_ACCURACY = 0.8, 0.5, 80.0
TEST_IMAGES = 10_000
CONFIRM = 100  # the seeds of the confirming trials come after
REPETITION = 1000  # from one search's seeds to the next one's
NO_MORE: Mapping[str, Mapping[str, int]] = {}


def normal(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    return rng.normal(0, SD, (arms, seeds))


def correlated(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """Half of the variance is the seed's, whatever the arm."""
    return (rng.normal(0, SD, (arms, seeds)) + rng.normal(0, SD, (1, seeds))) / math.sqrt(2)


def skewed(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """Log-normal, with the long tail below."""
    return -SD * (rng.lognormal(0, 1, (arms, seeds)) - math.exp(0.5))


def heavy(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    return SD * rng.standard_t(3, (arms, seeds))


def collapsing(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """One training in ten ends at the accuracy of chance."""
    return np.where(rng.random((arms, seeds)) < 0.1, 10 - LEVEL_OF_ACCURACY, normal(rng, arms, seeds))


def diverging(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """The lowest fifth of trainings diverges."""
    found = normal(rng, arms, seeds)
    return np.where(found < -0.8416 * SD, np.nan, found)


def unequal(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """The noise of one arm is ten times that of the others."""
    return normal(rng, arms, seeds) * np.where(np.arange(arms) == 1, 10.0, 1.0)[:, None]


def quiet(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """So little noise that arms are often shown to be practically equal."""
    return normal(rng, arms, seeds) / 8


NOISES: Sequence[Noise] = (normal, correlated, skewed, heavy, collapsing, diverging, unequal, quiet)


def spec(
    arms: int, seeds: int, first: int, at_most: int, searches: int = 1, more: Mapping[str, Mapping[str, int]] = NO_MORE
) -> dict[str, Any]:
    """A study of so many arms with a tuned learning rate, and four conclusions to judge; ``more`` seeds by stage and arm."""
    names = [f"arm {i}" for i in range(arms)]
    fields = {name: {"activation": name} for name in names}

    def claim(kind: str, arms: Sequence[str], than: Sequence[str] = ()) -> dict[str, Any]:
        return {"kind": kind, "text": kind, "arms": arms, "than": than, "metric": "test/acc1", "at": None}

    confirm = [REPETITION * s + CONFIRM + k for s in range(searches) for k in range(1, seeds + 1)]
    return {
        "format": 2, "name": "simulated", "question": "Do they differ?", "scale": "demo",
        "dataset": {"name": "none", "digest": "d", "classes": 10, "shape": [1, 1, 1], "train": 10, "validation": 10, "test": TEST_IMAGES},
        "base": {"dataset": "none", "epochs": 1, "precision": "fp32"}, "arms": fields, "baseline": names[0],
        "tuned_arms": fields, "tuned_baseline": names[0], "tuned_of": dict(zip(names, names, strict=True)),
        "tune": {name: {"lr": {"low": 1e-4, "high": 1.0, "log": True}} for name in names},
        "budget": {
            "seeds": list(range(1, seeds + 1)), "confirm_seeds": confirm, "search_seed": 0, "trials_per_arm": 1,
            "searches": searches, "first_look": first, "at_most": at_most, "more_seeds": dict(more),
        },
        "reported": {}, "margin": MARGIN, "table": None,
        "claims": [
            claim("better", names[1:3], names[3:]), claim("better", [names[1]], [names[0]]), claim("best", [names[2]]),
            claim("equal", names[:2]),
        ],
    }  # fmt: skip


def rows(plan: Mapping[str, Any], stage: str, values: Values) -> Iterator[dict[str, Any]]:
    """The lines of the trials of one stage; ``values`` has a row for each arm, NaN where it diverged."""
    planned = plan["budget"]["seeds" if stage == "reported" else "confirm_seeds"]
    more = plan["budget"]["more_seeds"].get(stage, {})
    for arm, of_arm in zip(plan["arms"], values, strict=True):
        seeds = range(planned[0], planned[0] + more[arm]) if arm in more else planned
        for seed, value in zip(seeds, of_arm, strict=False):
            lost = math.isnan(value)
            yield {
                "arm": arm, "stage": stage, "seed": seed, "number": None, "signature": f"{stage} {arm} {seed}",
                "outcome": "diverged" if lost else "completed", "lr": 0.1, "dataset_digest": "d", "epochs_done": 1,
                "val/acc1": None if lost else value, "test/acc1": None if lost else round(value * TEST_IMAGES / 100) / TEST_IMAGES * 100,
            }  # fmt: skip


def page(root: Path, plan: Mapping[str, Any], values: Mapping[str, Values]) -> Judged:
    """The study written, read and judged."""
    folder = root / "studies" / "simulated.demo"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row) for stage, found in values.items() for row in rows(plan, stage, found)]
    (folder / "spec.json").write_text(json.dumps(plan))
    (folder / "trials.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return judged(load(Book(root), "simulated"))


def accuracies(rng: np.random.Generator, noise: Noise, arms: int, seeds: int) -> dict[str, Values]:
    return {stage: LEVEL_OF_ACCURACY + noise(rng, arms, seeds) for stage in ("reported", "confirm")}


def rate(hits: Sequence[bool]) -> str:
    share = float(np.mean(hits))
    return f"{100 * share:.1f} ± {100 * math.sqrt(max(share * (1 - share), 1 / len(hits)) / len(hits)):.1f} %"
