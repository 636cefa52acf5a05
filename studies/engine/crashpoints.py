"""Named places at which a test can have the process killed, as a power cut would: ``CRASHPOINT=after_checkpoint:3``."""

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here by SIGKILL, the n-th time this place is passed, where the environment asks for it."""
    wanted, _, times = os.environ.get("CRASHPOINT", "").partition(":")
    if wanted == name:
        _passed[name] += 1
        if _passed[name] == int(times or 1):
            os.kill(os.getpid(), signal.SIGKILL)
