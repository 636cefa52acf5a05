"""The driver's side: an actor on its machine, the only hand that workers have in the book and in the prepared images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ray
from filelock import FileLock, Timeout
from ray.exceptions import RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnzoo.data import Dataset
from cnnzoo.data.images import Contents, Pixels
from cnnzoo.data.prepared import Prepared, open_prepared
from cnnzoo.storage.checkpoint import previous
from cnnzoo.storage.files import write_atomically
from studies.engine.book.book import CHECKPOINT, EPOCHS, RESULT, Book
from studies.engine.book.lock import LOCK

TO_GO_ON_FROM = (CHECKPOINT, f"{CHECKPOINT}.previous", EPOCHS, RESULT)
PIECE_BYTES = 16 * 2**20  # of images that travel at a time: so much memory a node takes, however many images there are


class Keeper:
    """Reads and writes the book for workers that cannot see it.

    It answers one call at a time, so every call is short.
    """

    def __init__(self, root: str, images: Mapping[str, Path]) -> None:
        self._book = Book(Path(root))
        self._images = images  # by the digest of a data set, the folder where it is prepared
        self._held: dict[str, FileLock] = {}  # by signature

    def take(self, signature: str) -> dict[str, bytes] | None:
        """What there is of a trial, by the name of the file; None while another driver has it trained."""
        folder = self._book.folder(signature)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._held.setdefault(signature, FileLock(folder / LOCK, timeout=0)).acquire()
        except Timeout:
            return None
        return {name: (folder / name).read_bytes() for name in TO_GO_ON_FROM if (folder / name).exists()}

    def keep(self, signature: str, name: str, content: bytes) -> None:
        path = self._book.folder(signature) / name
        write_atomically(path, content, old_to=previous(path) if name == CHECKPOINT else None)

    def let_go(self, signature: str) -> None:
        if signature in self._held:
            self._held.pop(signature).release(force=True)

    def describe(self, dataset: str) -> tuple[str, Contents]:
        """The digest of all that is prepared of the data set with this digest; and what it is, without the images."""
        prepared = self._prepared(dataset)
        _, height, width, channels = prepared.images.shape
        parts, shape = prepared.parts.astype(np.uint8), (height, width, channels)
        return prepared.digest, Contents(prepared.classes, prepared.labels, parts, shape, iter(()))

    def piece(self, dataset: str, row: int) -> Pixels:
        """The next images from this row on."""
        images = self._prepared(dataset).images
        return np.array(images[row : row + max(1, PIECE_BYTES // images[0].nbytes)])

    def _prepared(self, dataset: str) -> Prepared:
        folder = self._images[dataset]
        if (prepared := open_prepared(folder)) is None:
            raise OSError(f"the images that were prepared in {folder} are no longer there")
        return prepared


def keeper_of(book: Book, datasets: Sequence[Dataset]) -> Any:
    """A keeper on this machine, as an actor that comes back when it dies."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    forever = {"max_restarts": -1, "max_task_retries": -1}
    images = {dataset.digest: dataset.file.parent for dataset in datasets if dataset.file}
    return ray.remote(Keeper).options(num_cpus=0, scheduling_strategy=here, **forever).remote(str(book.root), images)


def answered(asked: Any) -> Any:
    """What a keeper answers; an error of its own is raised without Ray's wrapping."""
    try:
        return ray.get(asked)
    except RayTaskError as error:
        raise error.cause from None
