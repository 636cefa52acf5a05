"""What Ray takes from the environment. It reads much of it when it is imported: set it before importing ``on_ray``."""

import os
import tempfile
from pathlib import Path

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the command line has its own
    "TUNE_GLOBAL_CHECKPOINT_S": "100000",
}
LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray's name for it; it works on Linux, too
LOGS = f"{os.environ.get('RAY_TMPDIR', tempfile.gettempdir())}/ray/session_latest/logs"
TOKEN = Path(".ray") / "auth_token"  # in the home folder, where Ray keeps it


def apply(*, cluster: bool) -> None:
    """Set what is not set yet: for a cluster that is there already, or for a Ray of our own that nobody else may reach."""
    settings = {**SETTINGS, **({} if cluster else LOOPBACK_ONLY)}
    if cluster and (os.environ.keys() & {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} or (Path.home() / TOKEN).exists()):
        settings = {**settings, "RAY_AUTH_MODE": "token"}  # by itself Ray would not look for it
    for name, value in settings.items():
        os.environ.setdefault(name, value)
