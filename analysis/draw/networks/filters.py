"""The filters of the first convolution: what a network looks for in the pixels."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.draw.figures import finish
from analysis.draw.networks.kept import APART, first_of_each_arm, mosaic
from analysis.judge.verdicts import Judged

_MOST = 64  # filters of a network
_WIDE = 3  # panels beside one another


def tiles(axes: Axes, filters: NDArray[np.float32]) -> float:
    """Draw filters, shape (filters, channels, height, width), side by side; returns the largest weight, which is black or white.

    Three channels are drawn as colours; of any other number the mean over the channels as grey.
    """
    most = float(np.abs(filters).max()) or 1.0
    shades = 0.5 + filters / (2 * most)
    shown = shades.transpose(0, 2, 3, 1) if filters.shape[1] == 3 else shades.mean(axis=1)
    axes.imshow(mosaic(shown, math.ceil(math.sqrt(len(shown)))), interpolation="nearest")
    axes.set_axis_off()
    return most


def filters(results: Judged, stage: str) -> Figure | None:
    """The filters of the first convolution of each arm."""
    found = [(kept, own) for kept in first_of_each_arm(results, stage) if (own := kept.network.filters()) is not None]
    if not found:
        return None
    wide = min(_WIDE, len(found))
    high = math.ceil(len(found) / wide)
    figure = Figure(figsize=(2.6 * wide + 0.4, 2.9 * high + 0.6))
    figure.set_layout_engine("constrained", **APART)
    panels = figure.subplots(high, wide, squeeze=False)
    for axes in panels.flat[len(found) :]:
        axes.set_axis_off()
    for axes, (kept, own) in zip(panels.flat, found, strict=False):
        most = tiles(axes, own[:_MOST])
        which = f"{_MOST} of {len(own)}" if len(own) > _MOST else str(len(own))
        axes.set_title(f"{kept.title}\n{which} filters, ±{most:.2g}", fontsize=8)
    return finish(
        figure,
        results,
        f"{results.spec.named_stage(stage)}\nfirst convolution: grey is 0, black and white the largest weight",
    )
