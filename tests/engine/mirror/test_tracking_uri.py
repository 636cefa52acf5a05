"""Addresses of MLflow that cannot work are refused at once, in one line, and no secret is ever told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from studies.engine.book.provenance import origin
from studies.engine.mirror.tracking_uri import absolute_uri, check_uri, page_of, viewer
from studies.engine.schema import redact

GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("sqlit:///x.db", r"unknown tracking URI scheme 'sqlit'; did you mean 'sqlite'\? Known: sqlite, postgresql"),
        ("./mlruns", r"'./mlruns' is a folder, and MLflow no longer writes to folders. Use sqlite:///mlflow.db"),
        ("file:///tmp/mlruns", "no longer writes to folders"),
        ("", "no longer writes to folders"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:x.db", "names no file"),
        ("sqlite:///.", "names no file"),
        ("sqlite:///y.db?mode=rwc", r"no \?option may follow the file. Write sqlite:///y.db\.$"),
        ("sqlite:///folder", "is a directory; name a file in it: sqlite:///folder/mlflow.db"),
        ("sqlite:///letter.txt", "letter.txt is not an SQLite database .it starts with 'hello, world'"),
        ("sqlite:///letter.txt/mlflow.db", "letter.txt is a file, not a folder"),
        ("http://", r"names no host. Write it as http://127.0.0.1:5000"),
        ("https:/host", r"names no host. Write it as https://127.0.0.1:5000"),
        ("mssql+nosuchdriver://bob:secret@db/mlflow", r"'mssql\+nosuchdriver://\*\*\*@db/mlflow' is not understood"),
    ],
)
def test_an_address_that_cannot_work(uri: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "letter.txt").write_text("hello, world")
    with pytest.raises(ValueError, match=says) as error:
        check_uri(uri)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("scheme", "package", "how"),
    [("mysql", "MySQLdb", "install it"), ("postgresql+psycopg", "psycopg", r"pip install '.\[cluster\]'")],
)
def test_a_database_without_its_driver(scheme: str, package: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    says = rf"'{re.escape(scheme)}://\*\*\*@db/mlflow' needs the Python package '{package}': {how}"
    with pytest.raises(ValueError, match=says):
        check_uri(f"{scheme}://bob:secret@db/mlflow")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="cannot be written"):
        check_uri(f"sqlite:///{tmp_path}/mlflow.db")


@pytest.mark.parametrize(
    "uri",
    ["sqlite:///mlflow.db", "sqlite:///new/folder/x.db", "http://127.0.0.1:5000", "https://u:p@host", "databricks"],
)
def test_an_address_that_can_work(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_uri(uri)
    assert list(tmp_path.iterdir()) == []  # looking changes nothing


def test_only_a_relative_file_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_uri("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute_uri("sqlite:////data/mlflow.db") == "sqlite:////data/mlflow.db"
    assert absolute_uri("http://host:5000") == "http://host:5000"


@pytest.mark.parametrize(
    ("uri", "how"),
    [
        (None, "mlflow ui"),
        ("sqlite:////data/mlflow.db", 'mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"'),
        ("postgresql+psycopg://bob:pw@db/mlflow", 'mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"'),
        ("https://bob:pw@host:5000", "https://***@host:5000"),
    ],
)
def test_how_to_look_at_the_runs(uri: str | None, how: str) -> None:
    assert viewer(uri) == how


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no server at http://bob:p@ss/w:d@host:5000/x", "no server at http://***@host:5000/x"),
        ("postgresql://bob:pw@db/mlflow?password=hush&x=1", "postgresql://***@db/mlflow?password=***&x=1"),
        ("http://host:5000/path", "http://host:5000/path"),
    ],
)
def test_what_is_told_has_no_secret(text: str, told: str) -> None:
    assert redact(text) == told


def test_where_a_run_comes_from(tmp_path: Path) -> None:
    for command in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "begin")):
        subprocess.run([*GIT, *command], cwd=tmp_path, check=True)
    head = subprocess.run([*GIT, "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    tags = origin(tmp_path / "study.py", "cpu", 2)
    assert (tags["mlflow.source.git.commit"], tags["git_dirty"]) == (head.strip(), "false")
    assert "mlflow 3" in tags["versions"]
    (tmp_path / "study.py").write_text("STUDY = 1")
    assert origin(tmp_path / "study.py", "cpu", 2)["git_dirty"] == "true"


def test_a_run_from_no_repository(tmp_path: Path) -> None:
    tags = origin(tmp_path / "study.py", "cpu", 2)
    assert tags["mlflow.source.name"] == str(tmp_path / "study.py")
    assert "mlflow.source.git.commit" not in tags


@pytest.mark.parametrize(
    ("uri", "server"),
    [
        (None, "http://127.0.0.1:5000"),
        ("sqlite:///runs.db", "http://127.0.0.1:5000"),
        ("https://ann:secret@mlflow.org/", "https://***@mlflow.org"),
    ],
)
def test_the_page_of_a_study_has_no_secret_in_it(uri: str | None, server: str) -> None:
    assert page_of(uri, "3") == f"{server}/#/experiments/3/runs?workflowType=machine_learning"
