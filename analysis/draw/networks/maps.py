"""Feature maps: what the first convolution of each network, one in the middle and the last make of one test image."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.draw.figures import finish
from analysis.draw.networks.kept import APART, Kept, first_of_each_arm, mosaic
from analysis.judge.verdicts import Judged

_IMAGE = 0  # its place in the test set
_MOST, _WIDE = 16, 4  # maps of a layer, and of these beside one another


def stretched(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each map, shape (maps, height, width), from its lowest value at 0 to its highest at 1; a flat one is grey."""
    low, high = (end(axis=(1, 2), keepdims=True) for end in (maps.min, maps.max))
    return np.where(high > low, (maps - low) / np.where(high > low, high - low, 1), np.float32(0.5))


def layer(axes: Axes, name: str, maps: NDArray[np.float32]) -> Axes:
    """Draw the maps of a layer, shape (maps, height, width), side by side."""
    axes.imshow(mosaic(stretched(maps[:_MOST]), _WIDE), interpolation="nearest")
    count, height, width = maps.shape
    shown = f"{_MOST} of {count}" if count > _MOST else f"{count}"
    axes.set_title(f"{name}\n{shown} maps of {height}x{width}", fontsize=7)
    axes.set_axis_off()
    return axes


def maps(results: Judged, stage: str) -> Figure | None:
    """What three convolutions of each arm make of the first test image; None where its pixels are not at hand."""
    rows = [
        (kept, pixels) for kept in first_of_each_arm(results, stage) if (pixels := _image(results, kept)) is not None
    ]
    found = [(kept, pixels, every) for kept, pixels in rows if (every := _maps(kept, pixels))]
    if not found:
        return None
    figure = Figure(figsize=(8.4, 0.8 + 2.1 * len(found)))
    figure.set_layout_engine("constrained", **APART)
    panels = figure.subplots(len(found), 4, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for row, (kept, pixels, every) in zip(panels, found, strict=True):
        row[0].imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)
        row[0].set_title(kept.title, fontsize=8)
        for axes, place in zip(row[1:], dict.fromkeys((0, len(every) // 2, len(every) - 1)), strict=False):
            layer(axes, f"convolution {place + 1}", every[place])
    said = (
        f"what convolutions make of test image {_IMAGE}: each map from its lowest value (black) to its highest (white)"
    )
    return finish(figure, results, stage, said)


def _maps(kept: Kept, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """What each convolution gives, as long as that is a picture and not a single value."""
    return [own for own in kept.network.feature_maps(pixels).values() if own.shape[1] > 1]


def _image(results: Judged, kept: Kept) -> NDArray[np.uint8] | None:
    test = results.runs.test_set(kept.digest)
    pixels = test.pictures(np.array([_IMAGE])) if test else None
    return None if pixels is None else pixels[0]
