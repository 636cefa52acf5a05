"""Where a run comes from: the commit, the person, the machine, the versions."""

import getpass
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from studies.engine import schema

PACKAGES = ("torch", "ray", "optuna", "mlflow", "numpy")
# Reads, and runs nothing that the repository brings along.
GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")
GIT_SECONDS = 10


def origin(source: Path, device: str, slots: int) -> dict[str, str]:
    """The tags of a run that say where it comes from. MLflow's client sets none of them by itself."""
    versions = [f"python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    tags = {
        "mlflow.user": _user(),
        "mlflow.source.name": str(source),
        "mlflow.source.type": "LOCAL",
        "host": platform.node(),
        schema.VERSIONS: ", ".join(versions),
        schema.DEVICE: device,
        schema.SHARED_DEVICE: str(slots),
    }
    commit, changes = _git(source.parent, "rev-parse", "HEAD"), _git(source.parent, "status", "--porcelain")
    if commit is not None and changes is not None:
        tags |= {"mlflow.source.git.commit": commit, "git_dirty": "true" if changes else "false"}
    return tags


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
