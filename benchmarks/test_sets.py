"""Whether both errors together, that over seeds and that of the test set, hold what they promise on other seeds and other images.

    python -m benchmarks.test_sets made           networks that are made up, so that the truth is known
    python -m benchmarks.test_sets normal         only normal errors of known size: the root of the squares beside Satterthwaite's interval
    python -m benchmarks.test_sets lenets DIR     LeNets trained on MNIST in this folder (or there already), judged on parts of its test set

A study on some seeds and test images is held against its repetition on others: theirs should lie within what ours promises in 95 %.
Decision 0012 says what is promised.
"""

import math
import os
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

import analysis
from analysis.judge.images.luck import luck
from analysis.judge.stats import Z, mean_interval
from benchmarks.cases import DATA
from cnnzoo import Recipe
from studies.engine import Arm, Budget, Scale, Study

Hits = NDArray[np.float64]  # seeds x images: 100 where a network is right, 0 where it is not; or a difference of both
SEEDS = 10
DRAWS = 1000
STUDY = Study(
    name="test_sets",
    question="Does LeNet learn MNIST in two epochs better with ReLU than with tanh?",
    base=Recipe(model="lenet", dataset="mnist", train_size=12_000, epochs=2, batch_size=64, lr=0.05),
    arms={"tanh": Arm(activation="tanh"), "relu": Arm(activation="relu")},
    baseline="tanh",
    budget=Budget(seeds=SEEDS, at_most=SEEDS),
    demo=Scale.demo(),
    smoke=Scale.smoke(),
)


def promised(ours: Hits, seeds: float, images: float) -> tuple[float, float, float]:
    """Half the interval for another mean over so many seeds and images: by seeds alone, by the test set alone, by both."""
    n, m = ours.shape
    of_seeds = mean_interval(ours.mean(axis=1)).half * math.sqrt(1 + n / seeds)
    of_images = luck(ours).half * math.sqrt(1 + m / images)
    return of_seeds, of_images, math.hypot(of_seeds, of_images)


def networks(rng: np.random.Generator, seeds: int, images: Hits, spread: float, pairs: float) -> Hits:
    """Made-up networks: how easy an image is, how good a network is, and how well one suits the other, all as log-odds."""
    odds = images + rng.normal(0, spread, (seeds, 1)) + rng.normal(0, pairs, (seeds, len(images)))
    return np.where(odds > rng.logistic(size=odds.shape), 100.0, 0.0)


def easiness(rng: np.random.Generator, images: int) -> Hits:
    """Most images are easy, a few are hard for all: about 97 % are right."""
    return 7.0 - rng.gamma(2.0, 1.5, images)


def made() -> Iterator[tuple[str, float, float, float]]:
    """By kind of network, seeds and images: the share of repetitions within each of the promises."""
    for kind, spread in (("alike", 0.02), ("differing", 0.3)):
        for n, m in ((3, 1000), (5, 1000), (10, 1000), (5, 10_000)):
            rng, within = np.random.default_rng([n, m, int(100 * spread)]), np.zeros(3)
            for _ in range(DRAWS):
                ours, theirs = (networks(rng, n, easiness(rng, m), spread, 0.5) for _ in range(2))
                within += np.less_equal(abs(ours.mean() - theirs.mean()), promised(ours, n, m))
            yield f"networks {kind}, {n} seeds, {m:,} images", *(100 * within / DRAWS)


def normal(times: int = 100_000) -> Iterator[tuple[str, float, float]]:
    """By seeds and size of the test set's variance beside that over seeds: how often the truth is within each interval."""
    rng = np.random.default_rng(0)
    for seeds, images in product((3, 5, 10), (0.1, 0.5, 1.0, 2.0, 10.0)):
        error = abs(rng.normal(0, math.sqrt(1 + images), times))
        over_seeds = rng.chisquare(seeds - 1, times) / (seeds - 1)
        squares = np.hypot(stdtrit(seeds - 1, 0.975) * np.sqrt(over_seeds), Z * math.sqrt(images))
        both = over_seeds + images
        satterthwaite = stdtrit((seeds - 1) * (both / over_seeds) ** 2, 0.975) * np.sqrt(both)
        yield f"{seeds} seeds, {images:g}", *(100 * float(np.mean(error <= half)) for half in (squares, satterthwaite))


def hits_of(folder: Path) -> dict[str, Hits]:
    """What the LeNets in a folder get right, by arm over the seeds that both have, and the difference."""
    said = analysis.load(STUDY.name, "report", results_dir=folder / "results").predictions
    table = 100.0 * said.pivot(index=["arm", "seed"], columns="image", values="right").astype(float)
    relu, tanh = (table.loc[arm] for arm in ("relu", "tanh"))
    both = relu.index.intersection(tanh.index)
    found = {"relu": relu.loc[both].to_numpy(), "tanh": tanh.loc[both].to_numpy()}
    return {**found, "relu less tanh": found["relu"] - found["tanh"]}


def lenets(folder: Path) -> Iterator[tuple[str, float, float, float]]:
    """By figure, seeds and images: the share of repetitions within each of the promises."""
    for name, hits in hits_of(folder).items():
        every, images = hits.shape
        for n, m in ((3, images // 2), (min(5, every // 2), images // 2), (3, images // 10)):
            rng, within = np.random.default_rng([n, m]), np.zeros(3)
            for _ in range(DRAWS):
                seeds, order = rng.permutation(every), rng.permutation(images)
                ours = hits[np.ix_(seeds[:n], order[:m])]
                fresh = seeds[n : 2 * n] if 2 * m == images else seeds[n:]
                theirs = hits[np.ix_(fresh, order[m:])]
                within += np.less_equal(abs(ours.mean() - theirs.mean()), promised(ours, *theirs.shape))
            label = f"{name}, {n} seeds and {m:,} images against {len(fresh)} and {images - m:,}"
            yield label, *(100 * within / DRAWS)


def train(folder: Path) -> None:
    """Train the LeNets, or go on where that stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    STUDY.run(scale="report", data_dir=str(DATA.absolute()), in_process=True)


def main() -> None:
    kind, *rest = sys.argv[1:] or [""]
    if kind not in ("made", "normal", "lenets") or (kind == "lenets") != bool(rest):
        raise SystemExit(__doc__)
    if kind == "lenets":
        train(Path(rest[0]).absolute())
    if kind == "normal":
        print("| of which | root of the squares | Satterthwaite |\n|---|---|---|")
    else:
        print("| of which | within ± seeds | within ± test set | within both |\n|---|---|---|---|")
    lines = made() if kind == "made" else normal() if kind == "normal" else lenets(Path(rest[0]).absolute())
    for label, *shares in lines:
        print(f"| {label} | {' | '.join(f'{share:.1f} %' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main()
