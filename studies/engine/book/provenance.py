"""Where a run comes from: the commit, the person, the machine, the versions."""

import getpass
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from studies.engine import schema

Origin = Mapping[str, str]  # by the names of the schema, and by MLflow's
# What is used, and the package that brings it.
PACKAGES = {"torch": "torch", "ray": "ray", "optuna": "optuna", "mlflow": "mlflow-skinny", "numpy": "numpy"}
# Reads, and runs nothing that the repository brings along.
GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")
GIT_SECONDS = 10


def here(device: str) -> dict[str, str]:
    """The machine that a trial is trained on."""
    return {schema.HOST: platform.node(), schema.VERSIONS: _versions(), schema.DEVICE: device}


def origin(source: Path, device: str, sharing: int) -> dict[str, str]:
    """Where this run of a study comes from, and how many of its trials share a device.

    MLflow's client sets none of these tags by itself.
    """
    tags = {
        "mlflow.user": _user(),
        "mlflow.source.name": str(source),
        "mlflow.source.type": "LOCAL",
        schema.SHARED_DEVICE: str(sharing),
        **here(device),
    }
    commit, changes = _git(source.parent, "rev-parse", "HEAD"), _git(source.parent, "status", "--porcelain")
    if commit is not None and changes is not None:
        tags |= {"mlflow.source.git.commit": commit, "git_dirty": "true" if changes else "false"}
    return tags


@cache
def _versions() -> str:
    found = [f"{name} {version(package)}" for name, package in PACKAGES.items()]
    return ", ".join([f"python {platform.python_version()}", *found])


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers; None where there is no git, or no repository with a commit."""
    try:
        done = subprocess.run([*GIT, *arguments], cwd=folder, capture_output=True, text=True, timeout=GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
