"""Separate random streams, all derived from the one seed of a recipe.

Each use of randomness (initialisation, order, augmentation, dropout) has a stream of its own, so that two arms with the
same seed see the same images in the same order, whatever else differs between them.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def generator(seed: int, use: str, device: torch.device | str = "cpu") -> torch.Generator:
    """The stream of this seed for this use; streams of different uses have nothing to do with each other."""
    digest = hashlib.sha256(f"{seed} {use}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)


@contextmanager
def in_place_of_the_global(stream: torch.Generator) -> Iterator[None]:
    """Let what can only draw from torch's global generator draw from this stream; that one goes on afterwards where it was."""
    device = stream.device
    ours = torch.default_generator if device.type == "cpu" else torch.cuda.default_generators[device.index]
    before = ours.get_state()
    ours.set_state(stream.get_state())
    try:
        yield
    finally:
        stream.set_state(ours.get_state())
        ours.set_state(before)
