"""Locks that go when their holder dies, however it dies: one process runs a study at a time, one trains a trial."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

LOCK, HOLDER = "lock", "holder"


class AlreadyRunningError(Exception):
    """Somebody else is running this study."""


@contextmanager
def one_run_of(what: str, folder: Path) -> Iterator[None]:
    """Hold the folder of a study; AlreadyRunningError where somebody else does, with who that is."""
    lock, holder = FileLock(folder / LOCK, timeout=0), folder / HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        who = holder.read_text() if holder.exists() else "another process"  # it has not written its name yet
        raise AlreadyRunningError(f"{what} is being run by {who}; wait for it, or stop it first.") from None
    except OSError as error:
        raise OSError(f"the results cannot be written to {folder.absolute()} ({error.strerror}).") from error
    try:
        holder.write_text(f"process {os.getpid()} on {platform.node()} since {datetime.now():%Y-%m-%d %H:%M:%S}")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
