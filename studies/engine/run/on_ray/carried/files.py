"""A trial on a node that does not see the driver's folder: its files come from there, and go there."""

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cnnzoo import Epoch
from cnnzoo.storage.files import write_atomically
from studies.engine.book.book import CHECKPOINT, MODEL, PREDICTIONS, Book
from studies.engine.course import Outcome
from studies.engine.run.on_ray.carried.images import with_images
from studies.engine.run.on_ray.carried.keeper import answered
from studies.engine.run.worker import News, Order, work

LATER = {
    Epoch: (CHECKPOINT,),
    Outcome: (MODEL, PREDICTIONS),
}  # what is new when a worker tells of an epoch, or of the end


def carried(order: Order, keeper: Any, scratch: Path) -> Generator[News, None, None]:
    """As ``work``; each checkpoint has arrived before its epoch is told, and the network before the outcome."""
    order = with_images(order, keeper)
    with TemporaryDirectory(dir=scratch) as root:
        folder = Book(Path(root)).folder(order.signature)
        while (files := answered(keeper.take.remote(order.signature))) is None:
            time.sleep(1)
        try:
            for name, content in files.items():
                write_atomically(folder / name, content)
            sent = _written(folder, tuple(files))
            for news in work(replace(order, results=root)):
                new = _written(folder, LATER.get(type(news), ()))
                for name in new.keys() - {name for name in new if new[name] == sent.get(name)}:
                    answered(keeper.keep.remote(order.signature, name, (folder / name).read_bytes()))
                sent |= new
                yield news
        finally:
            keeper.let_go.remote(order.signature)


def _written(folder: Path, names: tuple[str, ...]) -> dict[str, int]:
    """When each file was written, of those that are there."""
    return {name: (folder / name).stat().st_mtime_ns for name in names if (folder / name).exists()}
