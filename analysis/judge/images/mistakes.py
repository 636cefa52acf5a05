"""Which classes the networks take for which, and which images most of them get wrong."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.judge.images.seen import Seen

MOST_CLASSES, MOST_IMAGES, MOST_PAIRS = 20, 20, 15  # that are shown
Matrix = NDArray[np.float64]


class Hard(NamedTuple):
    """A test image that many networks get wrong."""

    image: int  # its place in the test set, from 0
    true: str
    said: str  # the wrong class that is named most often
    times: int  # that it is named
    wrong: int  # networks that are wrong
    of: int  # networks


def confusion(seen: Seen, arm: str) -> Matrix:
    """How often an arm's networks, all seeds together, say a class (column) of an image of a class (row).

    It is in percent of each true class; NaN for a class that has no test image.
    """
    assert seen.test is not None
    size = len(seen.test.classes)
    said = seen.predicted[arm].to_numpy()
    pairs = np.broadcast_to(seen.test.labels, said.shape) * size + said
    counts = np.bincount(pairs.ravel(), minlength=size**2).reshape(size, size)
    with np.errstate(invalid="ignore"):
        found: Matrix = 100 * counts / counts.sum(axis=1, keepdims=True)
    return found


def by_class(seen: Seen, arm: str) -> pd.DataFrame:
    """Accuracy in percent: a row a seed, a column a class, in the order of the classes that have test images."""
    assert seen.test is not None
    return seen.hits[arm].T.groupby(seen.test.labels).mean().T


def confused(seen: Seen) -> list[tuple[int, int]]:
    """The pairs (true class, what is said instead) that are most frequent, as the mean share over the arms."""
    mean = np.mean([confusion(seen, arm) for arm in seen.predicted], axis=0)
    mean = np.nan_to_num(mean - np.diag(np.diag(mean)))
    order = np.argsort(-mean, axis=None, kind="stable")[:MOST_PAIRS]
    return [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, mean.shape), strict=True) if mean[i, j] > 0]


def hardest(seen: Seen) -> list[Hard]:
    """The images that the largest share of networks gets wrong, every arm counting alike; none that all get right."""
    if seen.test is None:
        return []
    wrong = np.mean([(100 - hits).mean(axis=0).to_numpy() for hits in seen.hits.values()], axis=0)
    order = [int(i) for i in np.argsort(-wrong, kind="stable")[:MOST_IMAGES] if wrong[i] > 0]
    said = np.concatenate([predicted.to_numpy() for predicted in seen.predicted.values()])
    return [_hard(seen.test.classes, image, int(seen.test.labels[image]), said[:, image]) for image in order]


def _hard(classes: tuple[str, ...], image: int, true: int, said: NDArray[np.int64]) -> Hard:
    wrong = Counter(int(one) for one in said if one != true)
    other, times = min(wrong.items(), key=lambda pair: (-pair[1], pair[0]))
    return Hard(image, classes[true], classes[other], times, wrong.total(), len(said))
