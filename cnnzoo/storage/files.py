"""Files that are whole or not there."""

import os
from pathlib import Path


def write_atomically(path: Path, *parts: bytes | memoryview, old_to: Path | None = None) -> None:
    """``path`` never holds half of it, whatever happens: a full disk, a signal, a power cut. ``old_to`` keeps what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if old_to is not None and path.exists():
            path.replace(old_to)
        unfinished.replace(path)
    except OSError as error:  # a full disk names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
