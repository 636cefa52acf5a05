"""The test images that most networks get wrong, as pictures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.draw.figures import finish, gallery
from analysis.judge.images.mistakes import Hard
from analysis.judge.images.mistakes import hardest as hardest_of
from analysis.judge.verdicts import Judged

_WIDE = 5  # pictures beside one another


def picture(axes: Axes, pixels: NDArray[np.uint8], hard: Hard) -> Axes:
    """Draw one image, shape (height, width, channels), under what it is and what most of those that are wrong say."""
    grey = pixels.shape[2] == 1
    axes.imshow(pixels[..., 0] if grey else pixels, cmap="gray" if grey else None, vmin=0, vmax=255)
    axes.set_title(f"no. {hard.image}: {hard.true}\nsaid {hard.said}\nwrong {hard.wrong} of {hard.of}", fontsize=7)
    axes.set_axis_off()
    return axes


def hardest(results: Judged, stage: str) -> Figure | None:
    """The images that most networks of all arms get wrong; None where their pictures are not at hand."""
    seen = results.seen[stage]
    hard = hardest_of(seen)
    if seen.test is None or not hard:
        return None
    pixels = seen.test.pictures(np.array([one.image for one in hard]))
    if pixels is None:
        return None
    figure, panels = gallery(len(hard), _WIDE, (1.2, 1.6))
    for axes, image, one in zip(panels, pixels, hard, strict=True):
        picture(axes, image, one)
    return finish(figure, results, stage, "the test images that most networks of all arms get wrong")
