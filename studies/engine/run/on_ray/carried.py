"""A trial on a node that does not see the driver's folder: its files come from there, and go there."""

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
from filelock import FileLock, Timeout
from ray.exceptions import RayTaskError

from cnnzoo import Epoch
from cnnzoo.storage.checkpoint import previous
from cnnzoo.storage.files import write_atomically
from studies.engine.book.book import CHECKPOINT, EPOCHS, MODEL, PREDICTIONS, RESULT, Book
from studies.engine.book.lock import LOCK
from studies.engine.course import Outcome
from studies.engine.run.worker import News, Order, work

FIRST = (CHECKPOINT, f"{CHECKPOINT}.previous", EPOCHS, RESULT)  # what a trial goes on from
LATER = {
    Epoch: (CHECKPOINT,),
    Outcome: (MODEL, PREDICTIONS),
}  # what is new when a worker tells of an epoch, or of the end


class Keeper:
    """Sits on the driver's machine, and is the only hand that workers have in the book. Each method takes milliseconds."""

    def __init__(self, root: str) -> None:
        self._book = Book(Path(root))
        self._held: dict[str, FileLock] = {}  # by signature

    def take(self, signature: str) -> dict[str, bytes] | None:
        """What there is of a trial, by the name of the file; None while another driver has it trained."""
        folder = self._book.folder(signature)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._held.setdefault(signature, FileLock(folder / LOCK, timeout=0)).acquire()
        except Timeout:
            return None
        return {name: (folder / name).read_bytes() for name in FIRST if (folder / name).exists()}

    def keep(self, signature: str, name: str, content: bytes) -> None:
        path = self._book.folder(signature) / name
        write_atomically(path, content, old_to=previous(path) if name == CHECKPOINT else None)

    def let_go(self, signature: str) -> None:
        if signature in self._held:
            self._held.pop(signature).release(force=True)


def carried(order: Order, keeper: Any, scratch: Path) -> Generator[News, None, None]:
    """As ``work``; each checkpoint has arrived before its epoch is told, and the network before the outcome."""
    with TemporaryDirectory(dir=scratch) as root:
        folder = Book(Path(root)).folder(order.signature)
        while (files := _answer(keeper.take.remote(order.signature))) is None:
            time.sleep(1)
        try:
            for name, content in files.items():
                write_atomically(folder / name, content)
            sent = _written(folder, tuple(files))
            for news in work(replace(order, results=root)):
                new = _written(folder, LATER.get(type(news), ()))
                for name in new.keys() - {name for name in new if new[name] == sent.get(name)}:
                    _answer(keeper.keep.remote(order.signature, name, (folder / name).read_bytes()))
                sent |= new
                yield news
        finally:
            keeper.let_go.remote(order.signature)


def _written(folder: Path, names: tuple[str, ...]) -> dict[str, int]:
    """When each file was written, of those that are there."""
    return {name: (folder / name).stat().st_mtime_ns for name in names if (folder / name).exists()}


def _answer(asked: Any) -> Any:
    try:
        return ray.get(asked)
    except RayTaskError as error:  # what went wrong there, without Ray's wrapping
        raise error.cause from None
