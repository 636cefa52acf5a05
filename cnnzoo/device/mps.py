"""NVIDIA's multi-process service: without it the processes on a GPU take turns, and two are no faster than one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

CONTROL = "nvidia-cuda-mps-control"
PIPES, LOGS = "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"
ANSWER_SECONDS = 10


def runs_or_can_run() -> bool:
    """Whether several processes can have the GPU at the same time here."""
    return PIPES in os.environ or shutil.which(CONTROL) is not None


@contextmanager
def shared_gpu() -> Iterator[str]:
    """The service, for all processes started inside; yields "" where it runs, else why it does not. It ends with them."""
    if PIPES in os.environ:  # somebody else's, who will end it
        yield ""
        return
    if shutil.which(CONTROL) is None:
        yield f"{CONTROL} is not installed"
        return
    with tempfile.TemporaryDirectory(prefix="mps-") as folder:
        where = {PIPES: folder, LOGS: folder}
        if refusal := _control(where, "-d"):
            yield f"{CONTROL} did not start ({refusal})"
            return
        os.environ |= where
        try:
            yield ""
        finally:
            _control(where, said="quit\n")
            del os.environ[PIPES], os.environ[LOGS]


def _control(where: dict[str, str], *arguments: str, said: str = "") -> str:
    """The program's error message; empty where it succeeded."""
    command, environment = [CONTROL, *arguments], os.environ | where
    done = subprocess.run(
        command, env=environment, input=said, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
    )
    complaint = " ".join((done.stderr or done.stdout).split())
    return "" if done.returncode == 0 else complaint or f"exit code {done.returncode}"
