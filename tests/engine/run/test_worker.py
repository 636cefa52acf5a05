"""One trial, from where it stands to its end: what its worker tells, and what becomes of it when something breaks."""

import dataclasses
import math
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cnnzoo import Epoch, Recipe, load
from cnnzoo.data import open_dataset
from cnnzoo.learning.training import Training
from cnnzoo.storage import checkpoint
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.epochs import metrics
from studies.engine.book.premises import DATA, OtherPremisesError, Premises, premises
from studies.engine.course import Outcome
from studies.engine.run import worker
from studies.engine.run.on_ray.actor import Trainee
from studies.engine.run.worker import OUT_OF_MEMORY, Order, work
from tests.engine.driving import drive, epochs_of

RECIPE = Recipe(model="lenet", train_size=40, batch_size=20, epochs=3, validation=0.01, precision="fp32").resolved()


def order(
    root: Path,
    *,
    tested: bool = True,
    by_epoch: bool = False,
    recipe: Recipe = RECIPE,
    device: str = "cpu",
    expected: Premises | None = None,
) -> Order:
    return Order(
        signature="abc",
        recipe=recipe.to_json(),
        tested=tested,
        tested_by_epoch=by_epoch,
        device=device,
        results=str(root / "results"),
        data_dir=str(root),
        premises=expected or {},
    )


def trained(root: Path, **how: Any) -> list[Epoch]:
    """The epochs of a trial that is driven to its end."""
    return epochs_of(order(root, **how))


def book_of(root: Path) -> Book:
    return Book(root / "results")


def outcome_of(root: Path) -> Outcome:
    outcome = book_of(root).outcome("abc")
    assert outcome is not None
    return outcome


def numbers(epochs: Sequence[Epoch]) -> list[int]:
    return [epoch.number for epoch in epochs]


def broken_off(root: Path, after: int) -> list[Epoch]:
    """A trial that was broken off after so many epochs."""
    course = drive(order(root))
    _, *epochs = (next(course) for _ in range(1 + after))
    course.close()
    return [epoch for epoch in epochs if isinstance(epoch, Epoch)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Epoch]:
    return trained(tmp_path_factory.mktemp("whole"))


def same_numbers(epochs: Sequence[Epoch], others: Sequence[Epoch]) -> bool:
    of_the_clock = (schema.SECONDS, schema.IMAGES_PER_SECOND)
    plain = [
        [{name: value for name, value in metrics(epoch).items() if not name.startswith(of_the_clock)} for epoch in side]
        for side in (epochs, others)
    ]
    return plain[0] == plain[1]


def test_a_worker_tells_where_it_is_each_epoch_and_how_it_ended(tmp_path: Path) -> None:
    origin, *epochs, outcome = work(order(tmp_path))
    assert origin[schema.DEVICE] == "cpu"  # type: ignore[index]
    assert [epoch.number for epoch in epochs if isinstance(epoch, Epoch)] == [1, 2, 3]
    assert isinstance(outcome, Outcome)
    assert (outcome.ended, outcome.epochs, outcome.reason) == ("completed", 3, "")
    assert outcome.metrics.keys() == set(schema.TRIAL_METRICS)


def test_a_worker_writes_nothing_but_what_is_large(tmp_path: Path) -> None:
    list(work(order(tmp_path)))
    folder = book_of(tmp_path).folder("abc")
    assert {path.name for path in folder.iterdir()} == {
        "checkpoint.pt", "checkpoint.pt.previous", "lock", "model.safetensors", "predictions.npz",
    }  # fmt: skip
    assert load(folder / "model.safetensors").recipe == RECIPE
    assert len(np.load(folder / "predictions.npz")["predicted"]) == 1000


def test_a_candidate_never_sees_the_test_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cheating(self: object) -> None:
        raise AssertionError("the test set was looked at")

    monkeypatch.setattr(Training, "test", cheating)
    trained(tmp_path, tested=False)
    outcome = outcome_of(tmp_path)
    assert outcome.ended == "completed"
    assert not [name for name in outcome.metrics if name.startswith("test/")]
    assert not (book_of(tmp_path).folder("abc") / "model.safetensors").exists()
    assert not (book_of(tmp_path).folder("abc") / "predictions.npz").exists()


def test_broken_off_it_goes_on_where_it_stood(tmp_path: Path, whole: list[Epoch]) -> None:
    before = broken_off(tmp_path, after=2)
    after = trained(tmp_path)
    assert after[:2] == before, "with their seconds: they were not trained again"
    assert same_numbers(after, whole)
    assert list(book_of(tmp_path).epochs("abc")) == after


@pytest.mark.parametrize("lost", [1, 30, 10**6], ids=["half a line", "most of a line", "the whole file"])
def test_a_line_lost_after_its_checkpoint_comes_back(lost: int, tmp_path: Path, whole: list[Epoch]) -> None:
    before = broken_off(tmp_path, after=2)
    path = book_of(tmp_path).folder("abc") / "epochs.jsonl"
    path.write_text(path.read_text()[:-lost])
    after = trained(tmp_path)
    assert after[:2] == before
    assert same_numbers(after, whole)
    assert list(book_of(tmp_path).epochs("abc")) == after


def test_a_damaged_checkpoint_costs_an_epoch_and_nothing_else(tmp_path: Path, whole: list[Epoch]) -> None:
    before = broken_off(tmp_path, after=2)
    file = book_of(tmp_path).folder("abc") / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.warns(UserWarning, match="is damaged; going on without it"):
        after = trained(tmp_path)
    assert numbers(after) == [1, 2, 3]
    assert after[0] == before[0]
    assert after[1] != before[1], "it had to be trained again"
    assert list(book_of(tmp_path).epochs("abc")[:2]) == before, "but is booked once"
    assert same_numbers(book_of(tmp_path).epochs("abc"), whole)


def test_lost_checkpoints_cost_the_whole_training(tmp_path: Path, whole: list[Epoch]) -> None:
    broken_off(tmp_path, after=2)
    for file in book_of(tmp_path).folder("abc").glob("checkpoint*"):
        file.unlink()
    assert numbers(trained(tmp_path)) == [1, 2, 3]
    assert same_numbers(book_of(tmp_path).epochs("abc"), whole)


def test_what_somebody_else_has_trained_meanwhile_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited for the trial: a worker that outlived its driver, or another study, has come to its end."""
    before = trained(tmp_path)
    monkeypatch.setattr(worker, "train", None)
    assert trained(tmp_path) == before


@pytest.mark.parametrize(("device", "threads"), [("cpu", 1), ("cuda", 2)])
def test_it_trains_on_the_device_that_was_announced(
    device: str, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine with a GPU, too, where `--gpus-per-trial 0` was asked for; a core a trial then."""
    given: list[object] = []

    def refusing(recipe: Recipe, **how: object) -> None:
        given.extend([how["device"], torch.get_num_threads()])
        raise RuntimeError("that is all")

    monkeypatch.setattr(worker, "train", refusing)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    trained(tmp_path, device=device)
    torch.set_num_threads(before)
    assert given == [device, threads]


def test_out_of_gpu_memory_fails_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(recipe: Recipe, **given: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(worker, "train", full)
    assert trained(tmp_path) == []
    outcome = outcome_of(tmp_path)
    assert (outcome.ended, outcome.reason) == ("failed", OUT_OF_MEMORY)
    assert "smaller batch_size" in OUT_OF_MEMORY
    assert "--gpus-per-trial" in OUT_OF_MEMORY


def test_what_breaks_in_a_training_is_its_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_epoch = Training._run_epoch

    def breaking(self: Training) -> object:
        if len(self.history) == 1:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        return one_epoch(self)

    monkeypatch.setattr(Training, "_run_epoch", breaking)
    assert numbers(trained(tmp_path)) == [1]
    outcome = outcome_of(tmp_path)
    assert (outcome.ended, outcome.epochs) == ("failed", 1)
    assert outcome.reason.endswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")
    assert len(outcome.reason.splitlines()) <= 5


def no_space(path: Path, *parts: object, **how: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_no_outcome_of_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_atomically", no_space)
        with pytest.raises(OSError, match=r"abc: .*No space left on device"):
            list(work(order(tmp_path)))
    assert book_of(tmp_path).outcome("abc") is None
    assert numbers(trained(tmp_path)) == [1, 2, 3]


def test_a_diverged_training_ends_and_is_not_tested(tmp_path: Path) -> None:
    (epoch,) = trained(tmp_path, recipe=RECIPE.replace(lr=1e9))
    assert not math.isfinite(epoch.train_loss)
    outcome = outcome_of(tmp_path)
    assert outcome.ended == "diverged"
    assert schema.TEST_ACC1 not in outcome.metrics


def epochs_in(*steps: dict[str, Any]) -> list[Epoch]:
    return [news for step in steps for news in step["news"] if isinstance(news, Epoch)]


def test_an_actor_trains_one_trial_after_another(tmp_path: Path, whole: list[Epoch]) -> None:
    """In the hands of Tune: a step is an epoch, the step after the last one says how the trial ended."""
    threads = torch.get_num_threads()
    actor = Trainee.__new__(Trainee)  # without what Tune's base class does: it logs into folders
    actor.setup(dataclasses.asdict(order(tmp_path / "first")))
    steps = [actor.step() for _ in range(4)]
    assert same_numbers(epochs_in(*steps), whole)
    assert [step["done"] for step in steps] == [False, False, False, True]
    assert steps[-1]["news"][0].ended == "completed"

    assert actor.reset_config(dataclasses.asdict(order(tmp_path / "second")))
    assert numbers(epochs_in(actor.step())) == [1]
    assert actor.reset_config(dataclasses.asdict(order(tmp_path / "third"))), "the second one had to stop"
    shutil.rmtree(tmp_path / "second")
    assert numbers(epochs_in(actor.step())) == [1]
    actor.cleanup()
    torch.set_num_threads(threads)


def test_an_actor_hands_a_full_disk_on_to_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "write_atomically", no_space)
    actor = Trainee.__new__(Trainee)
    actor.setup(dataclasses.asdict(order(tmp_path)))
    assert "No space left on device" in actor.step()["trouble"]


def test_as_reported_every_epoch_is_tested_and_no_choice_reads_that(whole: list[Epoch], tmp_path: Path) -> None:
    epochs = trained(tmp_path, by_epoch=True)
    assert epochs[-1].test_acc1 == outcome_of(tmp_path).metrics[schema.TEST_ACC1]
    booked = book_of(tmp_path).epochs("abc")
    assert [epoch.test_acc1 for epoch in booked] == [epoch.test_acc1 for epoch in epochs]
    untested = [dataclasses.replace(epoch, test_loss=None, test_acc1=None, test_acc5=None) for epoch in epochs]
    assert same_numbers(untested, whole)
    assert book_of(tmp_path).recall("abc")[0].scores == tuple(epoch.val_acc1 for epoch in whole), (
        "all that a choice sees"
    )


def learned_from(name: str) -> Recipe:
    """A recipe on a data set of the folder."""
    return Recipe(model="lenet", dataset=name, batch_size=2, epochs=1, validation=0.2, precision="fp32").resolved()


def images(root: Path, shade: int) -> str:
    """A data set of two classes; its name."""
    for label in "ab":
        (root / "tri" / label).mkdir(parents=True, exist_ok=True)
        for number in range(10):
            Image.new("L", (28, 28), shade + number).save(root / "tri" / label / f"{number}.png")
    return "folder:tri"


def test_it_trains_where_it_finds_what_the_study_has(tmp_path: Path) -> None:
    digest = open_dataset("mnist5k", train_size=40, validation=0.01).digest
    assert len(trained(tmp_path, expected=premises(RECIPE, digest))) == RECIPE.epochs


@pytest.mark.parametrize("name", [DATA, "package cnnzoo", "torch", "numpy"])
def test_a_machine_that_has_another_thing_than_the_study_trains_nothing(name: str, tmp_path: Path) -> None:
    digest = open_dataset("mnist5k", train_size=40, validation=0.01).digest
    expected = {**premises(RECIPE, digest), name: "another"}
    with pytest.raises(OtherPremisesError, match=rf"{name}.* is \S+ there, another in the study$") as told:
        trained(tmp_path, expected=expected)
    assert str(told.value).startswith(f"{platform.node()} would train something else: ")
    assert not list(tmp_path.iterdir()), "nothing is begun"


def test_a_machine_without_the_data_trains_nothing(tmp_path: Path) -> None:
    with pytest.raises(OtherPremisesError, match="cannot train this: folder:tri: there is no folder"):
        trained(tmp_path, recipe=learned_from("folder:tri"), expected={DATA: "x"})
    assert not list(tmp_path.iterdir()), "nothing is begun"


def test_data_that_are_exchanged_while_the_study_runs_are_not_learned_from(tmp_path: Path) -> None:
    recipe = learned_from(images(tmp_path, 0))
    expected = {DATA: open_dataset("folder:tri", validation=0.2, data_dir=tmp_path).digest}
    assert len(trained(tmp_path, recipe=recipe, expected=expected)) == 1
    shutil.rmtree(tmp_path / "results")
    images(tmp_path, 100)
    with pytest.raises(OtherPremisesError, match=DATA):
        trained(tmp_path, recipe=recipe, expected=expected)
    assert book_of(tmp_path).recall("abc")[0].ended is None
    assert book_of(tmp_path).epochs("abc") == ()
