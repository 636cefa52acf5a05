"""A trial trained where the book cannot be seen: its files come from the keeper, and go there. Without Ray."""

import platform
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from ray.exceptions import RayTaskError

from cnnzoo import Epoch
from cnnzoo.data import Dataset, open_dataset
from studies.engine import Arm
from studies.engine.book.book import CHECKPOINT, MODEL, PREDICTIONS, Book
from studies.engine.book.lock import LOCK
from studies.engine.book.premises import DATA, OtherPremisesError, examine, premises
from studies.engine.course import Outcome
from studies.engine.run.on_ray.carried import files as carrying
from studies.engine.run.on_ray.carried import keeper as keeping
from studies.engine.run.on_ray.carried.code import code_of
from studies.engine.run.on_ray.carried.files import carried
from studies.engine.run.on_ray.carried.images import with_images
from studies.engine.run.on_ray.carried.keeper import Keeper
from studies.engine.run.store import Store, store_at
from studies.engine.run.worker import Order, work
from tests.engine.run.test_worker import RECIPE, order, same_numbers
from tests.engine.tiny_study import STUDY
from tests.images import shaded


class AtHand:
    """A keeper in this process that is called as an actor is."""

    def __init__(self, root: Path, *datasets: Dataset) -> None:
        keeper = Keeper(str(root), {dataset.digest: dataset.file.parent for dataset in datasets if dataset.file})
        self.asked: list[str] = []
        for name in ("take", "keep", "let_go", "describe", "piece"):
            setattr(self, name, SimpleNamespace(remote=partial(self._answer, getattr(keeper, name))))

    def _answer(self, method: Callable[..., Any], *about: Any) -> Any:
        self.asked.append(method.__name__)
        return method(*about)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the trial of a node without the book is trained."""
    monkeypatch.setattr("ray.get", lambda answer: answer)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return scratch


def of(news: list[Any]) -> list[Epoch]:
    return [each for each in news if isinstance(each, Epoch)]


def blind(root: Path) -> Order:
    """An order for a trial whose book is at a path that this machine does not have."""
    return order(root / "nowhere")


def test_all_that_is_large_arrives_before_it_is_told(here: Path, tmp_path: Path) -> None:
    folder = Book(tmp_path / "book").folder("abc")
    course = carried(blind(tmp_path), AtHand(tmp_path / "book"), None, here)
    seen = [(news, {path.name for path in folder.iterdir()} - {LOCK}) for news in course]
    news = [each for each, _ in seen]
    assert same_numbers(of(news), of(list(work(order(tmp_path)))))
    checkpoints = {CHECKPOINT, f"{CHECKPOINT}.previous"}
    assert [there for _, there in seen] == [
        set(),
        {CHECKPOINT},
        checkpoints,
        checkpoints,
        {*checkpoints, MODEL, PREDICTIONS},
    ]
    assert not list(here.iterdir())
    assert not (tmp_path / "nowhere").exists()


def test_on_another_node_it_goes_on_from_what_arrived(here: Path, tmp_path: Path) -> None:
    first = carried(blind(tmp_path), AtHand(tmp_path / "book"), None, here)
    before = of([next(first) for _ in range(3)])
    first.close()  # as when its node dies, but for the lock, which goes with the driver
    after = of(list(carried(blind(tmp_path), AtHand(tmp_path / "book"), None, here)))
    assert len(before) == 2
    assert after[:2] == before, "with their seconds: they were not trained again"
    assert len(after) == RECIPE.epochs


def test_a_trial_of_two_drivers_is_trained_by_one_at_a_time(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Book(tmp_path / "book").folder("abc")
    folder.mkdir(parents=True)
    other = FileLock(folder / LOCK)
    other.acquire()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        other.release()

    monkeypatch.setattr(carrying.time, "sleep", wait)
    assert next(carried(blind(tmp_path), AtHand(tmp_path / "book"), None, here))
    assert waited == [1]


def test_a_full_disk_of_the_driver_is_told_as_one_of_the_worker(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(answer: Callable[[], Any]) -> Any:
        raise RayTaskError("keep", "Traceback ...", OSError(28, "No space left on device", "book"))

    monkeypatch.setattr("ray.get", full)
    with pytest.raises(OSError, match=r"No space left on device: 'book'$"):
        next(carried(blind(tmp_path), AtHand(tmp_path / "book"), None, here))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "nfs"
    folder.mkdir()
    return store_at(str(folder))


def test_checkpoints_go_to_a_store_and_a_trial_goes_on_from_there(here: Path, tmp_path: Path, store: Store) -> None:
    """All else goes to the book. The checkpoint of a trial that ended stays until the driver has booked its end."""
    first = carried(blind(tmp_path), AtHand(tmp_path / "book"), store, here)
    before = of([next(first) for _ in range(3)])
    first.close()
    assert set(store.read("abc")) == {CHECKPOINT, f"{CHECKPOINT}.previous"}
    after = of(list(carried(blind(tmp_path), AtHand(tmp_path / "book"), store, here)))
    assert (after[:2], len(after)) == (before, RECIPE.epochs)
    there = {path.name for path in (Book(tmp_path / "book").folder("abc")).iterdir()}
    assert there - {LOCK} == {MODEL, PREDICTIONS}
    assert len(store.read("abc")) == 2


def test_an_epoch_is_told_once_the_store_has_its_checkpoint(
    here: Path, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, away = Store.put, iter([True, True, False, True, False, False])
    slept: list[float] = []

    def sometimes(self: Store, signature: str, epoch: int, content: bytes) -> None:
        if next(away):
            raise OSError("Couldn't connect to server")
        put(self, signature, epoch, content)

    monkeypatch.setattr(Store, "put", sometimes)
    monkeypatch.setattr(carrying.time, "sleep", slept.append)
    news = list(carried(blind(tmp_path), AtHand(tmp_path / "book"), store, here))
    kinds = [each.number if isinstance(each, Epoch) else type(each) for each in news]
    assert kinds == [dict, str, str, 1, str, 2, 3, Outcome]
    assert slept == [5, 5, 5]
    why = next(each for each in news if isinstance(each, str))
    assert why == f"{platform.node()} cannot use {store.uri} (Couldn't connect to server)"


def test_a_node_that_cannot_use_the_store_for_long_is_unfit(
    here: Path, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(0, 100_000, 200))
    monkeypatch.setattr(carrying.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(carrying.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(Store, "put", lambda *about: open("/no such place"))  # noqa: PTH123, SIM115
    with pytest.raises(OtherPremisesError, match=r"cannot use .* for 10 minutes$"):
        list(carried(blind(tmp_path), AtHand(tmp_path / "book"), store, here))


def test_a_node_that_joined_later_and_sees_no_store_is_unfit(here: Path, tmp_path: Path, store: Store) -> None:
    elsewhere = Store(store.uri, "another mark")
    with pytest.raises(OtherPremisesError, match="does not see at"):
        list(carried(blind(tmp_path), AtHand(tmp_path / "book"), elsewhere, here))


OWN_NETWORK = """
from torch import nn


def net(shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[1] * shape[2], classes))
"""
OWN_IMAGES = RECIPE.replace(dataset="folder:tri", validation=0.1)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Images of somebody's own, prepared on the driver's machine; from here on, the cache is that of a node."""
    shaded(tmp_path / "data" / "tri", 0)
    dataset = open_dataset("folder:tri", data_dir=tmp_path / "data", train_size=40)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "node"))
    monkeypatch.setattr(keeping, "PIECE_BYTES", 50 * 28 * 28)
    return dataset


def test_images_that_a_node_does_not_have_are_sent_to_it_once(here: Path, tmp_path: Path, images: Dataset) -> None:
    keeper, recipe = AtHand(tmp_path / "book", images), OWN_IMAGES
    there = replace(order(tmp_path, recipe=recipe), data_dir=str(tmp_path / "data"))
    away = replace(there, results=str(tmp_path / "nowhere"), data_dir=str(tmp_path / "empty"))
    away = replace(away, premises={DATA: images.digest})
    assert same_numbers(of(list(carried(away, keeper, None, here))), of(list(work(there))))
    assert keeper.asked.count("piece") == 4
    again = with_images(away, AtHand(tmp_path / "book", images))
    assert again.data_dir == with_images(away, keeper).data_dir
    assert keeper.asked.count("piece") == 4
    sent = open_dataset("folder:tri", data_dir=again.data_dir, train_size=40, download=False)
    assert (sent.digest, sent.mean, sent.classes) == (images.digest, images.mean, images.classes)
    assert with_images(there, keeper) is there


def test_a_node_without_room_for_the_images_is_unfit(
    here: Path, tmp_path: Path, images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    away = replace(order(tmp_path, recipe=OWN_IMAGES), data_dir=str(tmp_path / "no"), premises={DATA: images.digest})
    with pytest.raises(OtherPremisesError, match="cannot train this: the prepared data cannot be written"):
        with_images(away, AtHand(tmp_path / "book", images))


def test_only_images_that_are_there_and_others_make_a_node_unfit(tmp_path: Path, images: Dataset) -> None:
    expected = [(OWN_IMAGES.to_json(), premises(OWN_IMAGES, images.digest))]
    assert examine(expected, tmp_path / "empty") == ("", {"folder:tri"})
    assert examine(expected, tmp_path / "data") == ("", set())
    shaded(tmp_path / "other" / "tri", 100)
    why, lacks = examine(expected, tmp_path / "other")
    assert "would train something else: data set in" in why
    assert not lacks


@pytest.mark.parametrize("name", ["mine_of_carried", "beside_carried"])
def test_the_code_of_ones_own_functions_is_sent(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are in the study's own file."""
    monkeypatch.syspath_prepend(tmp_path)
    source, file = tmp_path / "mine_of_carried.py", tmp_path / f"{name}.py"
    source.touch()
    file.write_text(OWN_NETWORK)
    base, arms = STUDY.base.replace(model=f"{name}:net"), {"slow": Arm(), "fast": Arm(lr=0.2)}
    own = replace(STUDY, base=base, arms=arms, baseline="slow", tune={}, claims=[])
    assert str(file) in code_of(own, source)
