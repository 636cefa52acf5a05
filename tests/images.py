"""Small images for the tests to learn from."""

from pathlib import Path

import numpy as np
from PIL import Image


def shaded(folder: Path, shade: int) -> None:
    """Two classes of a hundred images each, which tell the classes apart."""
    noise = np.random.default_rng(shade)
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for number in range(100):
            pixels = noise.integers(shade, shade + 100, (28, 28), dtype=np.uint8)
            pixels[:, 14 if label == "a" else 0 :: 2] //= 2
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
