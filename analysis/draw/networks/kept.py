"""One network an arm, and small pictures side by side in a larger one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.judge.verdicts import Judged
from studies.engine import schema

if TYPE_CHECKING:
    from analysis.read.kept.networks import Network

Picture = NDArray[np.float64]  # (height, width, 3), from 0 to 1
APART = {"wspace": 0.08, "hspace": 0.06}  # panels without axes, which nothing else holds apart
_GAP, _SHARP = 3, 24  # pixels of white between two tiles, and how many a tile is made to have at least


class Kept(NamedTuple):
    """The network that an arm has trained on its first seed, and that trial."""

    arm: str
    seed: int
    network: "Network"
    digest: str  # of the data it was trained and tested on

    @property
    def title(self) -> str:
        return f"{self.arm} (seed {self.seed})"


def first_of_each_arm(results: Judged, stage: str) -> Iterator[Kept]:
    """The network of the first seed of each arm that has kept one."""
    for arm, sample in results.samples[stage].items():
        for seed, trial in sample.trials.sort_index().iterrows():
            network = results.runs.book.network(trial[schema.SIGNATURE])
            if network is not None:
                yield Kept(arm, int(str(seed)), network, str(trial[schema.DATASET_DIGEST]))
                break


def mosaic(tiles: NDArray[Any], wide: int) -> Picture:
    """The tiles, shape (tiles, height, width) in greys or (tiles, height, width, 3) in colours, from 0 to 1, in rows of ``wide``."""
    colours = tiles if tiles.ndim == 4 else np.repeat(tiles[..., None], 3, axis=3)
    times = -(-_SHARP // colours.shape[1])
    colours = colours.repeat(times, axis=1).repeat(times, axis=2)
    count, height, width, _ = colours.shape
    high = -(-count // wide)
    picture = np.ones((high * (height + _GAP) - _GAP, wide * (width + _GAP) - _GAP, 3))
    for place, tile in enumerate(colours):
        top, left = (height + _GAP) * (place // wide), (width + _GAP) * (place % wide)
        picture[top : top + height, left : left + width] = tile
    return picture
