"""A place that all machines of a cluster reach by a URI: there running trials have their checkpoints. Any kind that ``pyarrow.fs`` knows.

<URI>/cnn-studies.txt              what this place is, so that a folder that is only called the same is not taken for it
<URI>/<signature>.<epoch>.pt       the checkpoints of a trial: the newest, and the one before in case that is not whole
"""

import platform
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING
from uuid import uuid4

from cnnzoo.mistake import Mistake
from studies.engine.book.book import CHECKPOINT
from studies.engine.book.premises import OtherPremisesError
from studies.engine.schema import redact

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

MARK, SUFFIX = "cnn-studies.txt", ".pt"
GOOGLE_SECONDS = 20  # by itself its client tries for a quarter of an hour
REASON_LENGTH = 300


@dataclass(frozen=True)
class Store:
    uri: str
    mark: str

    def check_seen(self) -> None:
        """OtherPremisesError where this machine sees another place under this URI, or none; OSError where it may not write there."""
        try:
            found = _read(self.uri, MARK).decode()
        except FileNotFoundError:
            found = "nothing"
        if found != self.mark:
            raise OtherPremisesError(f"{platform.node()} does not see at {self.uri} what the driver has put there")
        _try_to_write(self.uri)

    def read(self, signature: str) -> dict[str, bytes]:
        """The checkpoints of the trial, by their names in the book, and in its order."""
        names = (CHECKPOINT, f"{CHECKPOINT}.previous")
        newest = sorted(self._names({signature}), reverse=True)
        return {name: _read(self.uri, there) for name, there in zip(names, newest, strict=False)}

    def put(self, signature: str, epoch: int, content: bytes) -> None:
        """Store the checkpoint after an epoch, and delete all older ones but the one before."""
        _write(self.uri, _name(signature, epoch), content)
        _delete(self.uri, self._names({signature}) - {_name(signature, epoch), _name(signature, epoch - 1)})

    def signatures(self) -> set[str]:
        """The trials that have checkpoints here."""
        return {name.partition(".")[0] for name in _names(self.uri) if name != MARK}

    def drop(self, signatures: Collection[str]) -> None:
        _delete(self.uri, self._names(signatures))

    def _names(self, signatures: Collection[str]) -> set[str]:
        return {name for name in _names(self.uri) if name.partition(".")[0] in signatures}


def store_at(place: str) -> Store:
    """The place, once it was written to and read from; a Mistake says why that cannot be done."""
    try:
        uri = place if "://" in place else str(Path(place).expanduser().absolute())
        _try_to_write(uri)
        if MARK not in _names(uri):
            _write(uri, MARK, f"Checkpoints of cnn-studies: {uuid4()}\n".encode())
        return Store(uri, _read(uri, MARK).decode())
    except (OSError, ValueError, RuntimeError) as error:  # the last two: an unreadable URI, an unknown ~user
        raise Mistake(
            f"--storage {redact(place)} cannot be used ({in_short(error)}); give s3://BUCKET/PATH, gs://BUCKET/PATH or a folder: "
            "the bucket or folder has to be there, and this machine and every node have to be allowed to read and write it."
        ) from None


def in_short(error: Exception) -> str:
    """What is wrong, without the many words that Amazon's and Google's clients put around it."""
    said = str(error).rpartition("AWS Error ")[2].rpartition("google::cloud::Status(")[2]
    for rest in (" (Request ID", "; Details: ", " error_info="):
        said = said.partition(rest)[0]
    return shorten(redact(said), REASON_LENGTH).rstrip(".")


def _name(signature: str, epoch: int) -> str:
    return f"{signature}.{epoch:06}{SUFFIX}"


def _try_to_write(uri: str) -> None:
    trial = f"trial-{uuid4()}"
    _write(uri, trial, b"")
    _delete(uri, {trial})


def _names(uri: str) -> set[str]:
    from pyarrow.fs import FileSelector

    place, root = _opened(uri)
    found = place.get_file_info(FileSelector(root, allow_not_found=True))
    return {info.base_name for info in found if info.is_file}


def _read(uri: str, name: str) -> bytes:
    place, root = _opened(uri)
    with place.open_input_file(f"{root}/{name}") as file:
        return bytes(file.read())


def _write(uri: str, name: str, content: bytes) -> None:
    place, root = _opened(uri)
    with place.open_output_stream(f"{root}/{name}") as file:
        file.write(content)


def _delete(uri: str, names: Collection[str]) -> None:
    place, root = _opened(uri)
    for name in names:
        with suppress(FileNotFoundError):
            place.delete_file(f"{root}/{name}")


@cache
def _opened(uri: str) -> tuple["FileSystem", str]:
    """The file system, and the path within it."""
    from pyarrow.fs import FileSystem  # half a second: only where it is asked for

    if uri.startswith("gs://") and "retry_limit_seconds" not in uri:
        uri += f"{'&' if '?' in uri else '?'}retry_limit_seconds={GOOGLE_SECONDS}"
    place, root = FileSystem.from_uri(uri)
    return place, root.rstrip("/")
