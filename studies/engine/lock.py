"""One process runs a study at a time. The lock is the kernel's: it goes when its holder dies, however it dies."""

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO


class AlreadyRunningError(Exception):
    """Somebody else is running this study."""


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                f"{what} is being run by {_holder(path)}; wait for it, or stop it first."
            ) from None
        file.truncate(0)
        file.write(
            json.dumps({"pid": os.getpid(), "host": platform.node(), "since": datetime.now().isoformat(" ", "seconds")})
        )
        file.flush()
        yield


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise OSError(f"the results cannot be written to {path.parent.absolute()} ({error.strerror}).") from error


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError):
        return "another process"  # one that has the lock, but has not written its name yet
