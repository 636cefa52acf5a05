"""The filters of the first convolution: what a network looks for in the pixels."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.draw.figures import finish, gallery
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
    figure, panels = gallery(len(found), _WIDE, (2.6, 2.9))
    figure.set_layout_engine("constrained", **APART)
    for axes, (kept, own) in zip(panels, found, strict=True):
        most = tiles(axes, own[:_MOST])
        which = f"{_MOST} of {len(own)}" if len(own) > _MOST else str(len(own))
        axes.set_title(f"{kept.title}\n{which} filters, ±{most:.2g}", fontsize=8)
    return finish(figure, results, stage, "first convolution: grey is a weight of 0, darker is less, lighter is more")
