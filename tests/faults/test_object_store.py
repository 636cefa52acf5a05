"""Checkpoints in an object store, without a cluster around it: what is kept, what is refused, what is survived."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnzoo.mistake import Mistake
from studies.engine.book.book import CHECKPOINT
from studies.engine.run.store import MARK, store_at
from tests.faults.s3 import BUCKET, LOGIN, S3Server

pytestmark = pytest.mark.slow


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    server = S3Server(tmp_path / "s3.log")
    yield server
    server.close()


def test_the_two_newest_checkpoints_are_kept(s3: S3Server) -> None:
    store = store_at(s3.uri)
    store.check_seen()
    for epoch in (1, 2, 3):
        store.put("abc", epoch, b"%d" % epoch)
    store.put("other", 1, b"1")
    assert s3.names() == {MARK, "abc.000002.pt", "abc.000003.pt", "other.000001.pt"}
    assert store.read("abc") == {CHECKPOINT: b"3", f"{CHECKPOINT}.previous": b"2"}
    assert store.read("none") == {}
    assert store.signatures() == {"abc", "other"}
    store.drop({"abc"})
    assert s3.names() == {MARK, "other.000001.pt"}


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


def test_a_bucket_that_is_not_there(s3: S3Server) -> None:
    with pytest.raises(Mistake, match=r"\(NO_SUCH_BUCKET .*does not exist\); give s3://"):
        store_at(s3.uri.replace(BUCKET, "missing"))
