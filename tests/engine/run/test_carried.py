"""A trial trained where the book cannot be seen: its files come from the keeper, and go there. Without Ray."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from ray.exceptions import RayTaskError

from cnnzoo import Epoch
from studies.engine.book.book import CHECKPOINT, MODEL, PREDICTIONS, Book
from studies.engine.book.lock import LOCK
from studies.engine.run.on_ray import carried as carrying
from studies.engine.run.on_ray.carried import Keeper, carried
from studies.engine.run.worker import Order, work
from tests.engine.run.test_worker import RECIPE, order, same_numbers


class AtHand:
    """A keeper in this process that is called as an actor is."""

    def __init__(self, root: Path) -> None:
        keeper = Keeper(str(root))
        for name in ("take", "keep", "let_go"):
            setattr(self, name, SimpleNamespace(remote=getattr(keeper, name)))


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
    course = carried(blind(tmp_path), AtHand(tmp_path / "book"), here)
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
    first = carried(blind(tmp_path), AtHand(tmp_path / "book"), here)
    before = of([next(first) for _ in range(3)])
    first.close()  # as when its node dies, but for the lock, which goes with the driver
    after = of(list(carried(blind(tmp_path), AtHand(tmp_path / "book"), here)))
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
    assert next(carried(blind(tmp_path), AtHand(tmp_path / "book"), here))
    assert waited == [1]


def test_a_full_disk_of_the_driver_is_told_as_one_of_the_worker(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(answer: Callable[[], Any]) -> Any:
        raise RayTaskError("keep", "Traceback ...", OSError(28, "No space left on device", "book"))

    monkeypatch.setattr("ray.get", full)
    with pytest.raises(OSError, match=r"No space left on device: 'book'$"):
        next(carried(blind(tmp_path), AtHand(tmp_path / "book"), here))
