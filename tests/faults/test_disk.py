"""A disk that is full, or that turns read-only: row 16. Nothing written before is lost, and the same command goes on."""

import errno
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cnnzoo import Epoch, Recipe
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.epochs import metrics
from studies.engine.run.worker import Order
from tests.engine.driving import epochs_of
from tests.engine.runs import Warm, booked, epochs_booked, until
from tests.faults.asserts import assert_as_if_undisturbed, assert_one_line, statuses

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")  # within MLflow
RECIPE = Recipe(model="lenet", train_size=40, batch_size=20, epochs=2, validation=0.01, precision="fp32").resolved()


def order(root: Path) -> Order:
    return Order(
        signature="abc",
        recipe=RECIPE.to_json(),
        tested=True,
        device="cpu",
        results=str(root / "results"),
        data_dir=str(root),
        premises={},
    )


def without_the_clock(epochs: Sequence[Epoch]) -> list[dict[str, float]]:
    clock = (schema.SECONDS, schema.IMAGES_PER_SECOND)
    return [{n: value for n, value in metrics(epoch).items() if not n.startswith(clock)} for epoch in epochs]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Epoch]:
    return epochs_of(order(tmp_path_factory.mktemp("whole")))


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EROFS], ids=errno.errorcode.get)
@pytest.mark.parametrize("nth", range(1, 8), ids=lambda nth: f"write {nth}")
def test_a_write_that_fails_costs_nothing(
    nth: int, trouble: int, tmp_path: Path, whole: list[Epoch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recipe, origin, two checkpoints, predictions, network, result: each of them in turn finds the disk full."""
    sync, written = os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written == nth:
            raise OSError(trouble, os.strerror(trouble))
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=os.strerror(trouble)):
            epochs_of(order(tmp_path))
    book = Book(tmp_path / "results")
    before = list(book.epochs("abc"))
    assert book.outcome("abc") is None, "it is no outcome of a training"
    after = epochs_of(order(tmp_path))
    assert without_the_clock(after) == without_the_clock(whole)
    assert after[: len(before)] == before, "with their seconds: they were not trained again"
    kept = {"epochs.jsonl", "lock", "origin.json", "model.safetensors", "predictions.npz", "recipe.json", "result.json"}
    assert {path.name for path in book.folder("abc").iterdir()} == kept


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A real disk of a few MB; only root can have one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**12))


@pytest.mark.slow
@pytest.mark.parametrize("how", [["--in-process"], []], ids=["in process", "on Ray"])
def test_a_disk_that_fills_up(how: list[str], warm: Warm, small: Path, undisturbed: Path) -> None:
    database = {"MLFLOW_TRACKING_URI": f"sqlite:///{small}/mlflow.db"}
    study = warm.start(small, *how, **database)
    until(lambda: epochs_booked(small) > 9, "some epochs")
    filler = small / "somebody elses"
    with pytest.raises(OSError, match="No space left"):
        fill(filler)
    assert_one_line(study, 4, "No space left on device", "the same command goes on from here")
    before = booked(small)
    assert before
    filler.unlink()
    warm.finish(small, *how, **database)
    assert {epoch: booked(small).get(epoch) for epoch in before} == before, "no epoch was trained again"
    assert_as_if_undisturbed(small, undisturbed)
    assert statuses(small) == {"FINISHED"}
