"""Checkpoints: one file that is either whole or not there, and the one before it in case it is not.

A checkpoint holds tensors, numbers, strings, lists and dicts only, and is read as such: loading one runs no code.
Its last bytes are the digest of all before, because torch would read flipped bits as numbers.
"""

import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import torch

from cnnzoo.mistake import Mistake
from cnnzoo.storage.files import write_atomically

_DIGEST = 32  # bytes
_START = b"PK"  # of what torch.save writes
DIFFERENCE_IN = {  # what else tells one training from another: the words where it is not the same
    "dataset": "the data set has other images or another split",
    "network": "a file of your own that the recipe names (network, loss or augmentation) is another",
    "device": "it was trained on another kind of device",
}


def previous(path: Path) -> Path:
    """Where the checkpoint before this one is kept."""
    return path.with_name(path.name + ".previous")


def write(path: Path, state: dict[str, Any]) -> None:
    """Put a new checkpoint at ``path``; the one that was there is kept as the previous one."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getbuffer()
    write_atomically(path, payload, hashlib.sha256(payload).digest(), old_to=previous(path))


def read(path: Path) -> dict[str, Any] | None:
    """The newest checkpoint that is whole, or None.

    A damaged one is deleted now; otherwise the next write would keep it as the previous checkpoint, in place of the
    whole one.
    """
    for candidate in (path, previous(path)):
        if not candidate.exists():
            continue
        content = memoryview(candidate.read_bytes())
        # A file that never was a checkpoint is somebody's, and stays; a power cut may leave one blank.
        if not _START.startswith(bytes(content[: len(_START)]).strip(b"\0")):
            raise Mistake(f"{candidate} is no checkpoint; give another path, or move it away.")
        payload, digest = content[:-_DIGEST], content[-_DIGEST:]
        if hashlib.sha256(payload).digest() == digest:
            state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
            return state
        warnings.warn(f"checkpoint {candidate} is damaged; going on without it.", stacklevel=2)
        candidate.unlink()
    return None


def refuse_another_training(path: Path, state: dict[str, Any], identity: dict[str, str]) -> None:
    """Going on from another recipe's checkpoint would be the training of no recipe at all."""
    theirs, ours = (json.loads(each["recipe"]) for each in (state, identity))
    names = [name for name in theirs | ours if ours.get(name) != theirs.get(name)]
    changed = [f"{name} is {ours.get(name)!r}, there {theirs.get(name)!r}" for name in names]
    changed += [words for part, words in DIFFERENCE_IN.items() if state[part] != identity[part]]
    if changed:
        raise Mistake(
            f"checkpoint {path} belongs to another training: {'; '.join(changed)}. "
            "Resume from another path, or delete it."
        )
