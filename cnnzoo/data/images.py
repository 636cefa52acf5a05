"""What a source holds once it is read, and the decoding of single image files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnzoo.mistake import Mistake

Pixels = NDArray[np.uint8]  # NHWC

TRAIN, DEVELOP, TEST = 0, 1, 2  # the part of a data set that a row belongs to

# Only formats that PIL decodes by itself: never one that starts another program (EPS).
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP",
           ".pgm": "PPM", ".ppm": "PPM", ".tif": "TIFF", ".tiff": "TIFF"}  # fmt: skip
_GREY, _COLOUR = ("1", "L", "LA"), ("RGB", "RGBA", "CMYK", "P", "PA")


@dataclass(frozen=True)
class Contents:
    """A source, read: one row an image, and the images in the order of the rows, block by block."""

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    parts: NDArray[np.uint8]
    shape: tuple[int, int, int]  # height, width, channels
    blocks: Iterator[Pixels]


def resize(block: Pixels, side: int | None) -> Pixels:
    """The images as squares of `side` pixels: bilinear, antialiased, stretched where they were not square."""
    if side is None or block.shape[1:3] == (side, side):
        return block
    import torch  # takes seconds: only where images are really resized
    import torch.nn.functional as F

    images = torch.from_numpy(block).permute(0, 3, 1, 2)
    resized = F.interpolate(images, size=(side, side), mode="bilinear", antialias=True)
    return np.ascontiguousarray(resized.permute(0, 2, 3, 1).numpy())


def header(path: str) -> tuple[bool, tuple[int, int]]:
    """Whether an image is grey, and its (height, width), without decoding it."""
    with _opened(path) as image:
        if image.mode not in _GREY + _COLOUR:
            raise Mistake(f"pixels of kind {image.mode}, not 8 bits a channel")
        return _is_grey(image), (image.height, image.width)


def decode(path: str, channels: int) -> Pixels:
    """One image as a block of its own."""
    with _opened(path) as image:
        if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
            raise Mistake("transparent pixels: put it on a background first")
        pixels = np.array(image.convert("RGB" if channels == 3 else "L"))
    return pixels.reshape(1, *pixels.shape[:2], channels)


@contextmanager
def _opened(path: str) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=tuple(set(FORMATS.values()))) as image:
            yield image
    except Exception as error:  # a damaged file makes PIL raise all sorts of errors
        raise Mistake(
            f"the image {path} cannot be used ({' '.join(str(error).split())}); mend it or remove it."
        ) from error


def _is_grey(image: Image.Image) -> bool:
    if image.mode != "P":
        return image.mode in _GREY
    palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())
