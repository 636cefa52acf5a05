"""How much a figure owes to the images that happen to be in the test set, beside what it owes to the seeds.

Seeds and images are crossed: every network meets every image. A value is a mean, plus what the seed adds, plus what the
image adds, plus what the two add together; decision 0012 says why these parts are found in closed form.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import bdtr

from analysis.judge.results import Results, less
from analysis.judge.stats import Z


class Luck(NamedTuple):
    """The spread of a mean over some networks and ``images`` test images; NaN where that is not known."""

    images: int
    seed_sd: float  # between networks, as measured on this test set
    network_sd: float  # between networks, as it would be on endlessly many images
    image_variance: float  # of the mean: what another test set of the same size adds to the spread over seeds

    @property
    def known(self) -> bool:
        return self.images > 0

    @property
    def half(self) -> float:
        """Half the 95 % interval for the test set alone."""
        return Z * math.sqrt(self.image_variance)

    def both(self, over_seeds: float) -> float:
        """Half the 95 % interval for other seeds and another test set, from that for other seeds: the root of the squares."""
        return math.hypot(over_seeds, self.half)


UNKNOWN = Luck(0, math.nan, math.nan, math.nan)


class Discordant(NamedTuple):
    """Two networks on the same images: where only one of them is right, and McNemar's exact p of "they are equally often"."""

    only_first: int
    only_second: int
    p: float


def luck(values: ArrayLike) -> Luck:
    """The parts of the spread of the mean of ``values``, shape (seeds, images): a two-way analysis of variance."""
    x = np.asarray(values, dtype=float)
    seeds, images = x.shape
    assert images > 1, "more than one image"
    by_image, by_seed = x.mean(axis=0), x.mean(axis=1)
    among_images = float(by_image.var(ddof=1)) / images
    if seeds == 1:
        return Luck(images, math.nan, math.nan, among_images)
    rest = float(((x - by_image - by_seed[:, None] + x.mean()) ** 2).sum()) / ((seeds - 1) * (images - 1))
    among_seeds = float(by_seed.var(ddof=1))
    return Luck(
        images,
        seed_sd=math.sqrt(among_seeds),
        network_sd=math.sqrt(max(0.0, among_seeds - rest / images)),
        image_variance=max(0.0, among_images - rest / (seeds * images)),
    )


def luck_of(results: Results, stage: str, plus: Sequence[str], minus: Sequence[str] = ()) -> Luck:
    """The same for a sum of arms less a sum of others, over the seeds that all of them have."""
    crossed = _crossed(results, stage, plus, minus)
    return UNKNOWN if crossed.empty else luck(crossed.to_numpy())


def discordant(results: Results, stage: str, arm: str, other: str) -> Discordant | None:
    """Where each arm has one seed, and it is the same: the images that only one of both networks gets right."""
    crossed = _crossed(results, stage, [arm], [other])
    if len(crossed) != 1:
        return None
    difference = crossed.to_numpy()
    return mcnemar(int((difference > 0).sum()), int((difference < 0).sum()))


def mcnemar(only_first: int, only_second: int) -> Discordant:
    least, every = min(only_first, only_second), only_first + only_second
    return Discordant(only_first, only_second, min(1.0, 2 * float(bdtr(least, every, 0.5))))


def _crossed(results: Results, stage: str, plus: Sequence[str], minus: Sequence[str]) -> pd.DataFrame:
    """A row a seed (or search), a column an image: the accuracies of some arms less those of others, in points."""
    hits = results.seen[stage].hits
    if not hits.keys() >= {*plus, *minus}:
        return pd.DataFrame()
    return results.samples[stage][plus[0]].by_unit(less(hits, plus, minus))
