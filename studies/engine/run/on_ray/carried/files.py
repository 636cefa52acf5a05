"""A trial on a node that does not see the driver's folder: its files come from there and go there, or its checkpoints to a store."""

import platform
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from cnnzoo import Epoch
from cnnzoo.storage.files import write_atomically
from studies.engine.book.book import CHECKPOINT, MODEL, PREDICTIONS, Book
from studies.engine.book.premises import OtherPremisesError
from studies.engine.course import Outcome
from studies.engine.run.on_ray.carried.images import with_images
from studies.engine.run.on_ray.carried.keeper import answered
from studies.engine.run.store import Store, in_short
from studies.engine.run.worker import News, Order, work

T = TypeVar("T")
# The files that must arrive before an epoch, or an outcome, is told.
SENT_BEFORE = {Epoch: (CHECKPOINT,), Outcome: (MODEL, PREDICTIONS)}
RETRY_SECONDS, GIVE_UP_SECONDS = 5, 600  # where the store does not answer


def carried(order: Order, keeper: Any, store: Store | None, scratch: Path) -> Generator[News | str, None, None]:
    """As ``work``; each checkpoint has arrived before its epoch is told, and the network before the outcome.

    Where the trial waits, it yields why instead of news, and goes on by itself.
    """
    order = with_images(order, keeper)
    with TemporaryDirectory(dir=scratch) as root:
        folder = Book(Path(root)).folder(order.signature)
        while (files := answered(keeper.take.remote(order.signature))) is None:
            time.sleep(1)
        try:
            if store:
                files |= yield from _patiently(store, partial(_taken_from, store, order.signature))
            for name, content in files.items():
                write_atomically(folder / name, content)
            sent = _written(folder, tuple(files))
            for news in work(replace(order, results=root)):
                new = _written(folder, SENT_BEFORE.get(type(news), ()))
                for name in (name for name in new if new[name] != sent.get(name)):
                    content = (folder / name).read_bytes()
                    if store and isinstance(news, Epoch):
                        yield from _patiently(store, partial(store.put, order.signature, news.number, content))
                    else:
                        answered(keeper.keep.remote(order.signature, name, content))
                sent |= new
                yield news
        finally:
            keeper.let_go.remote(order.signature)


def _taken_from(store: Store, signature: str) -> dict[str, bytes]:
    _check_seen(store)
    return store.read(signature)


_check_seen = cache(Store.check_seen)  # once a process, and so also on a node that joined later


def _patiently(store: Store, ask: Callable[[], T]) -> Generator[str, None, T]:
    """What the store answers, as soon as it does; OtherPremisesError where it does not for so long that the node is to blame."""
    given_up = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return ask()
        except OtherPremisesError:
            raise
        except OSError as error:
            why = f"{platform.node()} cannot use {store.uri} ({in_short(error)})"
            if time.monotonic() > given_up:
                raise OtherPremisesError(f"{why}, for {GIVE_UP_SECONDS // 60} minutes") from error
            yield why
            time.sleep(RETRY_SECONDS)


def _written(folder: Path, names: tuple[str, ...]) -> dict[str, int]:
    """When each file was written, of those that are there."""
    return {name: (folder / name).stat().st_mtime_ns for name in names if (folder / name).exists()}
