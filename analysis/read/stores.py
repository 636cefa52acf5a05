"""Which store a tracking URI means, and the fastest way into it."""

import os

from analysis.read.store import Store
from analysis.read.store_rest import ClientStore
from analysis.read.store_sql import SqlStore


def tracking_uri() -> str:
    """Where the trials are: as MLflow itself finds it."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def open_store(uri: str) -> Store:
    """The fastest way into the store behind ``uri``."""
    if uri.startswith(("sqlite:", "postgresql:", "postgresql+", "postgres:")):
        return SqlStore(uri)
    return ClientStore(uri)
