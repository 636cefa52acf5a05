"""The networks that trials have kept. Torch is loaded behind this file alone, and only when a picture needs a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnzoo.saved import Network
    from cnnzoo.structure import Layer

    __all__ = ["Layer", "Network"]


def network(path: Path) -> "Network | None":
    """The network in a file; None where there is none. A file may name a module of somebody's own, but is not made to import it."""
    if not path.is_file():
        return None
    from cnnzoo.saved import load  # seconds

    return load(path, "cpu")


def layers(of: "Network") -> "Sequence[Layer]":
    """The layers that one image passes, in order."""
    from cnnzoo.structure import layers

    return layers(of.recipe, of.shape, len(of.classes))
