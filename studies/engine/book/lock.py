"""One process runs a study at a time. The lock is the kernel's: it goes when its holder dies, however it dies."""

import fcntl
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
            holder = path.read_text() or "another process"  # one that has the lock, but has not written its name yet
            raise AlreadyRunningError(f"{what} is being run by {holder}; wait for it, or stop it first.") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()} since {datetime.now():%Y-%m-%d %H:%M:%S}")
        file.flush()
        yield


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise OSError(f"the results cannot be written to {path.parent.absolute()} ({error.strerror}).") from error
