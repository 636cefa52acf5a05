"""The images on a node that does not have them: sent by the driver once, prepared as they are, and mapped by all workers there."""

import platform
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from cnnzoo.data import is_there
from cnnzoo.data.images import Pixels
from cnnzoo.data.prepared import prepare
from cnnzoo.data.sources import Source
from cnnzoo.mistake import Mistake
from studies.engine.book.premises import DATA, OtherPremisesError
from studies.engine.run.on_ray.carried.keeper import answered
from studies.engine.run.worker import Order


def with_images(order: Order, keeper: Any) -> Order:
    """The order, with the images where this node has them: at the driver's path, or where they were sent."""
    name = order.recipe["dataset"]
    if _is_there(name, Path(order.data_dir)):
        return order
    dataset = order.premises[DATA]
    try:
        digest, contents = answered(keeper.describe.remote(dataset))
        pieces = _pieces(len(contents.labels), dataset, keeper)
        sent = Source("", digest, lambda image_size: replace(contents, blocks=pieces))
        return replace(order, data_dir=str(prepare(name, sent, None).file.parent))  # for open_dataset
    except Mistake as error:  # no room for them, or they are gone
        raise OtherPremisesError(f"{platform.node()} cannot train this: {error}") from error


_is_there = cache(is_there)  # once a process, as listing a folder of many images takes a while


def _pieces(rows: int, dataset: str, keeper: Any) -> Iterator[Pixels]:
    row = 0
    while row < rows:
        yield (piece := answered(keeper.piece.remote(dataset, row)))
        row += len(piece)
