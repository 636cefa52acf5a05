"""Checkpoints in a place that all machines reach: here a folder. The object store is in faults/test_object_store.py."""

import shutil
import threading
from collections.abc import Collection
from pathlib import Path

import pytest

from cnnzoo.mistake import Mistake
from studies.engine.book.book import CHECKPOINT
from studies.engine.book.premises import OtherPremisesError
from studies.engine.run import sweeper
from studies.engine.run.store import MARK, Store, store_at
from studies.engine.run.sweeper import Sweeper
from tests.engine.driving import Workers, conductor
from tests.engine.simulated import plan, study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a file server's."""
    path = tmp_path / "nfs"
    path.mkdir()
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {MARK}


@pytest.mark.parametrize("spelled", ["{}", "file://{}", "file://{}/"])
def test_the_two_newest_checkpoints_are_kept(folder: Path, spelled: str) -> None:
    store = store_at(spelled.format(folder))
    for epoch in (1, 2, 3):
        store.put("abc", epoch, b"%d" % epoch)
    store.put("other", 1, b"1")
    assert names(folder) == {"abc.000002.pt", "abc.000003.pt", "other.000001.pt"}
    assert store.read("abc") == {CHECKPOINT: b"3", f"{CHECKPOINT}.previous": b"2"}
    assert store.read("none") == {}
    assert store.signatures() == {"abc", "other"}
    store.drop({"abc", "none"})
    assert names(folder) == {"other.000001.pt"}


def test_a_trial_that_has_to_begin_anew_leaves_nothing_of_before(folder: Path) -> None:
    """Its checkpoints were damaged, and may not be taken for newer ones."""
    store = store_at(str(folder))
    for epoch in (7, 8, 1):
        store.put("abc", epoch, b"")
    assert names(folder) == {"abc.000001.pt"}


def test_a_place_keeps_its_mark(folder: Path) -> None:
    assert store_at(str(folder)) == store_at(str(folder))
    store_at(str(folder)).check_seen()
    assert names(folder) == set()


@pytest.mark.parametrize("there", ["another place", "nothing"])
def test_a_machine_that_sees_another_folder_there_is_unfit(folder: Path, there: str) -> None:
    store = store_at(str(folder))
    shutil.rmtree(folder)
    folder.mkdir()
    if there == "another place":
        store_at(str(folder))
    with pytest.raises(OtherPremisesError, match=f"does not see at {folder} what the driver has put there"):
        store.check_seen()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{}/missing", "No such file or directory"),
        ("~nobody-of-that-name/{}", "home directory"),
        ("file://server/{}", "hostname"),
        ("s3://", "cannot be used"),
        ("s3://bucket?colour=red", "colour"),
    ],
)
def test_a_place_that_cannot_be_used(folder: Path, place: str, said: str) -> None:
    with pytest.raises(Mistake, match=r"^--storage .* cannot be used .*; give s3://BUCKET/PATH") as mistake:
        store_at(place.format(folder))
    assert said in str(mistake.value)


class Storing(Workers):
    """They put a checkpoint into a store after each epoch, before they tell it."""

    store: Store

    def advance(self, signature: str) -> None:
        self.store.put(signature, self.training[signature] + 1, b"weights")
        super().advance(signature)


def test_checkpoints_of_trials_that_ended_are_removed(folder: Path, tmp_path: Path) -> None:
    """Also those that an earlier start left; those of other studies stay."""
    store, said = store_at(str(folder)), list[str]()
    store.put("other", 1, b"")
    first = conductor(plan(study()), tmp_path / "book", Sweeper(store, said.append), slots=4)
    storing = Storing(first, seed=1)
    storing.store = store
    storing.run()
    assert storing.settled_beside, "some were written to after they were settled"
    left_behind = min(first.agenda.settled)
    first.close("FINISHED")
    assert store.signatures() == {"other"}
    store.put(left_behind, 3, b"")
    again = conductor(plan(study()), tmp_path / "book", Sweeper(store, said.append), slots=4)
    assert again.next() is None
    again.close("FINISHED")
    assert store.signatures() == {"other"}
    assert said == []


def test_a_store_that_is_gone_at_the_end_is_told_once(folder: Path, tmp_path: Path) -> None:
    store, said = store_at(str(folder)), list[str]()
    storing = Storing(conductor(plan(study()), tmp_path / "book", Sweeper(store, said.append), slots=4), seed=1)
    storing.store = store
    storing.run()
    folder.rename(tmp_path / "gone")
    folder.write_text("no folder")
    storing.driver.close("FINISHED")
    (line,) = said
    assert line.startswith(f"! Checkpoints of trials that ended are left at {folder} (")


def test_a_store_that_hangs_keeps_nobody_from_leaving(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "CLOSE_TIMEOUT_SECONDS", 0.05)
    store, said, over = store_at(str(folder)), list[str](), threading.Event()
    hung: list[threading.Thread] = []

    def hang(self: Store, signatures: Collection[str]) -> None:
        hung.append(threading.current_thread())
        over.wait()

    monkeypatch.setattr(Store, "drop", hang)
    conductor(plan(study()), tmp_path / "book", Sweeper(store, said.append)).close("FINISHED")
    assert [thread.daemon for thread in hung] == [True], "Python waits for no such thread at its end"
    assert said == [
        f"! Checkpoints of trials that ended are left at {folder} (no answer); the next start removes them."
    ]
    over.set()
