"""Checkpoints in an object store, without a cluster around it: what is kept, what is refused, what is survived."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow.fs import FileSelector, FileSystem

from cnnzoo.mistake import Mistake
from studies.engine.book.book import CHECKPOINT
from studies.engine.run.store import MARK, store_at
from tests.engine.runs import until
from tests.faults.s3 import BUCKET, LOGIN, S3Server, answers
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    server = S3Server(tmp_path / "s3.log")
    yield server
    server.close()


@pytest.fixture
def google(tmp_path: Path) -> Iterator[str]:
    """The URI of Google's store, as an emulator plays it."""
    pytest.importorskip("gcp_storage_emulator", reason="install it: pip install -e '.[test]'")
    port = free_port()
    options = ["start", "--host=127.0.0.1", f"--port={port}", "--in-memory", f"--default-bucket={BUCKET}"]
    with (tmp_path / "google.log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "gcp_storage_emulator", *options], stdout=log, stderr=log)
    until(lambda: answers(port), "Google's store")
    yield f"gs://anonymous@{BUCKET}/checkpoints?endpoint_override=127.0.0.1:{port}&scheme=http&retry_limit_seconds=5"
    server.kill()
    server.wait()


@pytest.fixture(params=["s3", "google"])
def uri(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(request.param)
    return found.uri if isinstance(found, S3Server) else str(found)


def test_the_two_newest_checkpoints_are_kept(uri: str) -> None:
    store = store_at(uri)
    store.check_seen()
    for epoch in (1, 2, 3):
        store.put("abc", epoch, b"%d" % epoch)
    store.put("other", 1, b"1")
    place, root = FileSystem.from_uri(uri)
    found = {Path(info.path).name for info in place.get_file_info(FileSelector(root))}
    assert found == {MARK, "abc.000002.pt", "abc.000003.pt", "other.000001.pt"}
    assert store.read("abc") == {CHECKPOINT: b"3", f"{CHECKPOINT}.previous": b"2"}
    assert store.read("none") == {}
    assert store.signatures() == {"abc", "other"}
    store.drop({"abc"})
    assert store.read("abc") == {}
    assert store.signatures() == {"other"}


def test_a_server_that_goes_away_and_comes_back(s3: S3Server) -> None:
    store = store_at(s3.uri)
    store.put("abc", 1, b"1")
    s3.kill()
    with pytest.raises(OSError, match="Could not connect"):
        store.put("abc", 2, b"2")
    with pytest.raises(
        Mistake, match=r"^--storage s3://.* \(NETWORK_CONNECTION .*Could not connect to server\); give s3://"
    ):
        store_at(s3.uri)
    s3.start()
    store.put("abc", 2, b"2")
    assert store.read("abc")[CHECKPOINT] == b"2"
    assert store_at(s3.uri) == store


def test_a_bucket_that_is_not_there(uri: str) -> None:
    with pytest.raises(
        Mistake, match=r"\((NO_SUCH_BUCKET .*does not exist|NOT_FOUND: .* status code: 404)\); give s3://"
    ):
        store_at(uri.replace(BUCKET, "missing"))


def test_a_key_that_the_store_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    making_the_bucket = "2"  # moto asks for a known key after so many requests
    server = S3Server(tmp_path / "s3.log", INITIAL_NO_AUTH_ACTION_COUNT=making_the_bucket)
    try:
        with pytest.raises(Mistake, match=r"\(INVALID_ACCESS_KEY_ID .* does not exist in our records\); give s3://"):
            store_at(server.uri)
    finally:
        server.close()
