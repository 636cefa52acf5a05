"""Where MLflow keeps its runs: the address made absolute, and refused before anything starts where it cannot work."""

import os
import re
from pathlib import Path

from cnnzoo.mistake import Mistake
from cnnzoo.spelling import unknown
from studies.engine.schema import redact

SQLITE = "sqlite:///"
DATABASES = ("postgresql", "mysql", "mssql")
SERVERS = ("http", "https")
HOST = re.compile(r"\w+://([^/@]*@)?(\[[0-9a-fA-F:]+\]|[^/:@\[]+)")
SCHEMES = ("sqlite", *DATABASES, *SERVERS, "databricks")


def absolute_uri(uri: str) -> str:
    """The same address for a process that works in another folder."""
    path = sqlite_path(uri)
    return f"{SQLITE}{path.absolute()}" if path else uri


def sqlite_path(uri: str) -> Path | None:
    """The file of an SQLite address; None where it is no file."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def is_server(uri: str) -> bool:
    return uri.partition(":")[0] in (*SERVERS, "databricks")


def viewer(uri: str | None) -> str:
    """How to look at what is there: a command, without anything secret in it, or a server's own address."""
    if not uri:
        return "mlflow ui"
    if is_server(uri):
        return redact(uri)
    return 'mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"'


def page_of(uri: str | None, experiment: str) -> str:
    """The address of an experiment's runs, as MLflow shows them for training and not for language models."""
    server = redact(uri).rstrip("/") if uri and uri.partition(":")[0] in SERVERS else "http://127.0.0.1:5000"
    return f"{server}/#/experiments/{experiment}/runs?workflowType=machine_learning"


def check_uri(uri: str) -> None:
    """Refuse an address that no run can ever be sent to. An unreachable server is accepted: records wait for it."""
    scheme = uri.partition(":")[0].partition("+")[0] if ":" in uri or uri == "databricks" else ""
    if scheme in ("", "file"):
        raise Mistake(
            f"tracking URI {uri!r} is a folder, and MLflow no longer writes to folders. Use sqlite:///mlflow.db; "
            f"`mlflow migrate-filestore` brings old runs over."
        )
    if scheme == "sqlite":
        _check_sqlite(uri)
    elif scheme in DATABASES:
        _check_driver(uri)
    elif scheme in SERVERS and not HOST.match(uri):
        raise Mistake(f"tracking URI {redact(uri)!r} names no host. Write it as {scheme}://127.0.0.1:5000.")
    elif scheme not in SCHEMES:
        raise unknown("tracking URI scheme", scheme, SCHEMES)


def _check_sqlite(uri: str) -> None:
    path = sqlite_path(uri)
    if path is None or path == Path() or path.name == ":memory:":
        raise Mistake(
            f"tracking URI {uri!r} names no file. Write sqlite:///mlflow.db, or sqlite:////absolute/path/mlflow.db."
        )
    if "?" in uri:
        raise Mistake(f"tracking URI {uri!r}: no ?option may follow the file. Write {uri.partition('?')[0]}.")
    if path.is_dir():
        raise Mistake(f"tracking URI {uri!r} is a directory; name a file in it: {uri.rstrip('/')}/mlflow.db.")
    existing = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if existing != path.absolute() and not existing.is_dir():
        raise Mistake(f"tracking URI {uri!r}: {existing} is a file, not a folder.")
    if not os.access(existing, os.W_OK):
        raise Mistake(f"tracking URI {uri!r}: {existing} cannot be written. Set MLFLOW_TRACKING_URI to another.")
    if path.exists():
        with path.open("rb") as file:
            start = file.read(16)
        if start not in (b"", b"SQLite format 3\0"):
            found = f"it starts with {start.decode('ascii', 'replace')!r}"
            raise Mistake(f"{path.absolute()} is not an SQLite database ({found}). Move it away to begin a new one.")


def _check_driver(uri: str) -> None:
    """A database server needs its Python driver; SQLAlchemy knows which."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        make_url(uri).get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        how = "pip install '.[cluster]'" if error.name == "psycopg" else "install it"
        raise Mistake(f"tracking URI {redact(uri)!r} needs the Python package {error.name!r}: {how}.") from None
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise Mistake(f"tracking URI {redact(uri)!r} is not understood: {redact(str(error))}.") from None
