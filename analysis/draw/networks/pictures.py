"""What a network looks for in the pixels, and what it makes of an image: its first filters, and feature maps."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.draw.figures import finish, gallery
from analysis.judge.verdicts import Judged
from studies.engine import schema

if TYPE_CHECKING:
    from analysis.read.kept.networks import Network

_FILTERS, _FILTERS_WIDE = 64, 3  # of a network, and networks beside one another
_MAPS, _MAPS_WIDE = 16, 4  # of a layer, and of these beside one another
_IMAGE = 0  # its place in the test set
_APART = {"wspace": 0.08, "hspace": 0.06}  # panels without axes, which nothing else holds apart
_GAP, _SHARP = 3, 24  # pixels of white between two tiles, and how many a tile is made to have at least


class Kept(NamedTuple):
    """The network that an arm has trained on its first seed."""

    arm: str
    title: str
    network: "Network"
    digest: str  # of the data it was trained and tested on


def first_of_each_arm(results: Judged, stage: str) -> Iterator[Kept]:
    """The network of the first seed of each arm that has kept one."""
    for arm, sample in results.samples[stage].items():
        for seed, trial in sample.trials.iterrows():
            if network := results.runs.book.network(trial[schema.SIGNATURE]):
                yield Kept(arm, f"{arm} (seed {seed})", network, str(trial[schema.DATASET_DIGEST]))
                break


def filters(results: Judged, stage: str) -> Figure | None:
    """The filters of the first convolution of each arm."""
    found = [(kept, own) for kept in first_of_each_arm(results, stage) if (own := kept.network.filters()) is not None]
    if not found:
        return None
    figure, panels = gallery(len(found), _FILTERS_WIDE, (2.6, 2.9))
    figure.set_layout_engine("constrained", **_APART)
    for axes, (kept, own) in zip(panels, found, strict=True):
        pixels, most = shaded(own[:_FILTERS])
        axes.imshow(mosaic(pixels, math.ceil(math.sqrt(len(pixels)))), interpolation="nearest")
        which = f"{_FILTERS} of {len(own)}" if len(own) > _FILTERS else str(len(own))
        axes.set_title(f"{kept.title}\n{which} filters, ±{most:.2g}", fontsize=8)
        axes.set_axis_off()
    return finish(figure, results, stage, "first convolution: grey is a weight of 0, darker is less, lighter is more")


def shaded(filters: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Filters, shape (filters, channels, height, width), as pixels, and the largest weight, which is black or white.

    Three channels are colours; of any other number the mean over the channels is a grey.
    """
    most = float(np.abs(filters).max()) or 1.0
    shades = 0.5 + filters / (2 * most)
    return shades.transpose(0, 2, 3, 1) if filters.shape[1] == 3 else shades.mean(axis=1), most


def maps(results: Judged, stage: str) -> Figure | None:
    """What the first, a middle and the last convolution of each arm make of a test image; None without its pixels."""
    found = [
        (kept, pixels, every)
        for kept in first_of_each_arm(results, stage)
        if (pixels := _image(results, kept)) is not None and (every := _maps(kept, pixels))
    ]
    if not found:
        return None
    figure = Figure(figsize=(8.4, 0.8 + 2.1 * len(found)))
    figure.set_layout_engine("constrained", **_APART)
    panels = figure.subplots(len(found), 4, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for row, (kept, pixels, every) in zip(panels, found, strict=True):
        row[0].imshow(pixels, cmap="gray", vmin=0, vmax=255)
        row[0].set_title(kept.title, fontsize=8)
        for axes, place in zip(row[1:], dict.fromkeys((0, len(every) // 2, len(every) - 1)), strict=False):
            count, height, width = every[place].shape
            shown = f"{_MAPS} of {count}" if count > _MAPS else f"{count}"
            axes.imshow(mosaic(stretched(every[place][:_MAPS]), _MAPS_WIDE), interpolation="nearest")
            axes.set_title(f"convolution {place + 1}\n{shown} maps of {height}x{width}", fontsize=7)
    said = (
        f"what convolutions make of test image {_IMAGE}: each map from its lowest value (black) to its highest (white)"
    )
    return finish(figure, results, stage, said)


def stretched(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each map, shape (maps, height, width), from its lowest value at 0 to its highest at 1; a flat one is grey."""
    low, high = (end(axis=(1, 2), keepdims=True) for end in (maps.min, maps.max))
    return np.where(high > low, (maps - low) / np.where(high > low, high - low, 1), np.float32(0.5))


def _maps(kept: Kept, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """What each convolution gives, as long as that is a picture and not a single value."""
    return [own for own in kept.network.feature_maps(pixels).values() if own.shape[1] > 1]


def _image(results: Judged, kept: Kept) -> NDArray[np.uint8] | None:
    test = results.runs.test_set(kept.digest)
    pixels = test.pictures(np.array([_IMAGE])) if test else None
    return None if pixels is None else pixels[0]


def mosaic(tiles: NDArray[Any], wide: int) -> NDArray[np.float64]:
    """The tiles, shape (tiles, height, width) in greys or (tiles, height, width, 3) in colours, from 0 to 1, in rows of ``wide``."""
    colours = np.asarray(tiles if tiles.ndim == 4 else np.repeat(tiles[..., None], 3, axis=3), dtype=float)
    times = math.ceil(_SHARP / tiles.shape[1])
    large = colours.repeat(times, axis=1).repeat(times, axis=2)
    framed = np.pad(large, ((0, -len(tiles) % wide), (0, _GAP), (0, _GAP), (0, 0)), constant_values=1)
    _, height, width, _ = framed.shape
    rows = framed.reshape(-1, wide, height, width, 3).swapaxes(1, 2)
    return rows.reshape(-1, wide * width, 3)[:-_GAP, :-_GAP]
