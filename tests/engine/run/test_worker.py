"""One trial, from where it stands to its end: what it yields, what it books, and what becomes of it when something breaks."""

import dataclasses
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnzoo import Recipe, load
from cnnzoo.training import Training
from studies.engine import schema
from studies.engine.book.ledger import Entry, Epoch, Ledger
from studies.engine.run import worker
from studies.engine.run.actor import Trainee
from studies.engine.run.worker import OUT_OF_MEMORY, Order, work

RECIPE = Recipe(model="lenet", train_size=40, batch_size=20, epochs=3, validation=0.01, precision="fp32").resolved()


def order(root: Path, *, tested: bool = True, recipe: Recipe = RECIPE) -> Order:
    results = str(root / "results")
    return Order(
        signature="abc", recipe=recipe.to_json(), tested=tested, origin={}, results=results, data_dir=str(root)
    )


def books(root: Path) -> Ledger:
    return Ledger(root / "results")


def numbers(epochs: list[Epoch]) -> list[int]:
    return [epoch["epoch"] for epoch in epochs]


def broken_off(root: Path, after: int) -> list[Epoch]:
    """A trial that was broken off after so many epochs."""
    course = work(order(root))
    epochs = [next(course) for _ in range(after)]
    course.close()
    return epochs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Epoch]:
    return list(work(order(tmp_path_factory.mktemp("whole"))))


def same_numbers(epochs: list[Epoch], others: list[Epoch]) -> bool:
    of_the_clock = (schema.SECONDS, schema.IMAGES_PER_SECOND)
    plain = [
        [{name: value for name, value in epoch.items() if not name.startswith(of_the_clock)} for epoch in side]
        for side in (epochs, others)
    ]
    return plain[0] == plain[1]


def test_a_trial_is_booked_epoch_by_epoch(tmp_path: Path) -> None:
    for number, epoch in enumerate(work(order(tmp_path)), start=1):
        assert epoch["epoch"] == number
        assert epoch.keys() == {"epoch", *schema.EPOCH_METRICS}
        assert books(tmp_path).read("abc").epochs[-1] == epoch
    result = books(tmp_path).read("abc").result
    assert result is not None
    assert (result.outcome, result.reason) == ("completed", "")
    assert result.metrics.keys() == set(schema.TRIAL_METRICS)
    assert load(books(tmp_path).folder("abc") / "model.safetensors").recipe == RECIPE
    assert len(np.load(books(tmp_path).folder("abc") / "predictions.npz")["predicted"]) == 1000
    assert not list(books(tmp_path).folder("abc").glob("checkpoint*"))


def test_a_candidate_never_sees_the_test_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cheating(self: object) -> None:
        raise AssertionError("the test set was looked at")

    monkeypatch.setattr(Training, "test", cheating)
    list(work(order(tmp_path, tested=False)))
    result = books(tmp_path).read("abc").result
    assert result is not None
    assert result.outcome == "completed"
    assert not [name for name in result.metrics if name.startswith("test/")]
    assert not (books(tmp_path).folder("abc") / "predictions.npz").exists()
    assert not (books(tmp_path).folder("abc") / "model.safetensors").exists()


def test_broken_off_it_goes_on_where_it_stood(tmp_path: Path, whole: list[Epoch]) -> None:
    before = broken_off(tmp_path, after=2)
    after = list(work(order(tmp_path)))
    assert after[:2] == before, "with their seconds: they were not trained again"
    assert same_numbers(after, whole)
    assert list(books(tmp_path).read("abc").epochs) == after


@pytest.mark.parametrize("lost", [1, 30, 10**6], ids=["half a line", "most of a line", "the whole file"])
def test_a_line_lost_after_its_checkpoint_comes_back(lost: int, tmp_path: Path, whole: list[Epoch]) -> None:
    before = broken_off(tmp_path, after=2)
    path = books(tmp_path).folder("abc") / "epochs.jsonl"
    path.write_text(path.read_text()[:-lost])
    after = list(work(order(tmp_path)))
    assert after[:2] == before
    assert same_numbers(after, whole)
    assert list(books(tmp_path).read("abc").epochs) == after


def test_a_damaged_checkpoint_costs_an_epoch_and_nothing_else(tmp_path: Path, whole: list[Epoch]) -> None:
    before = broken_off(tmp_path, after=2)
    checkpoint = books(tmp_path).folder("abc") / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.warns(UserWarning, match="is damaged; going on without it"):
        after = list(work(order(tmp_path)))
    assert numbers(after) == [1, 2, 2, 3]  # the second was known, and had to be trained again
    assert after[0] == before[0]
    assert same_numbers([after[0], *after[2:]], whole)
    assert same_numbers(list(books(tmp_path).read("abc").epochs), whole)


def test_lost_checkpoints_cost_the_whole_training(tmp_path: Path, whole: list[Epoch]) -> None:
    broken_off(tmp_path, after=2)
    for checkpoint in books(tmp_path).folder("abc").glob("checkpoint*"):
        checkpoint.unlink()
    after = list(work(order(tmp_path)))
    assert numbers(after) == [1, 2, 1, 2, 3]
    assert same_numbers(list(books(tmp_path).read("abc").epochs), whole)


def test_what_somebody_else_has_trained_meanwhile_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited for the entry: a worker that outlived its driver, or another study, has come to the end of the trial."""
    trained = list(work(order(tmp_path)))
    monkeypatch.setattr(worker, "train", None)
    assert list(work(order(tmp_path))) == trained


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
    list(work(dataclasses.replace(order(tmp_path), origin={schema.DEVICE: device})))
    torch.set_num_threads(before)
    assert given == [device, threads]


def test_out_of_gpu_memory_fails_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(recipe: Recipe, **given: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(worker, "train", full)
    assert list(work(order(tmp_path))) == []
    result = books(tmp_path).read("abc").result
    assert result is not None
    assert (result.outcome, result.reason) == ("failed", OUT_OF_MEMORY)
    assert "smaller batch_size" in OUT_OF_MEMORY
    assert "--gpus-per-trial" in OUT_OF_MEMORY


def test_what_breaks_in_a_training_is_its_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_epoch = Training._run_epoch

    def breaking(self: Training) -> object:
        if len(self.history) == 1:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        return one_epoch(self)

    monkeypatch.setattr(Training, "_run_epoch", breaking)
    assert numbers(list(work(order(tmp_path)))) == [1]
    record = books(tmp_path).read("abc")
    assert len(record.epochs) == 1
    assert record.result is not None
    assert record.result.outcome == "failed"
    assert record.result.reason.endswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")
    assert len(record.result.reason.splitlines()) <= 5


def test_a_full_disk_is_no_result_of_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Entry, epoch: Epoch) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Entry, "add", full)
        with pytest.raises(OSError, match=r"abc: .*No space left on device"):
            list(work(order(tmp_path)))
    assert books(tmp_path).read("abc").result is None
    assert numbers(list(work(order(tmp_path)))) == [1, 2, 3]


def test_a_diverged_training_ends_and_is_not_tested(tmp_path: Path) -> None:
    epochs = list(work(order(tmp_path, recipe=RECIPE.replace(lr=1e9))))
    assert len(epochs) == 1
    assert not math.isfinite(epochs[0][schema.TRAIN_LOSS])
    result = books(tmp_path).read("abc").result
    assert result is not None
    assert result.outcome == "diverged"
    assert schema.TEST_ACC1 not in result.metrics


def test_an_actor_trains_one_trial_after_another(tmp_path: Path, whole: list[Epoch]) -> None:
    """In the hands of Tune: a step is an epoch, the step after the last one says that it is over."""
    threads = torch.get_num_threads()
    actor = Trainee.__new__(Trainee)  # without what Tune's base class does: it logs into folders
    actor.setup(dataclasses.asdict(order(tmp_path / "first")))
    steps = [actor.step() for _ in range(4)]
    assert same_numbers([epoch for step in steps for epoch in step["epochs"]], whole)
    assert [step["done"] for step in steps] == [False, False, False, True]

    assert actor.reset_config(dataclasses.asdict(order(tmp_path / "second")))
    assert numbers(actor.step()["epochs"]) == [1]
    assert actor.reset_config(dataclasses.asdict(order(tmp_path / "third"))), "the second one had to stop"
    shutil.rmtree(tmp_path / "second")
    assert numbers(actor.step()["epochs"]) == [1]
    actor.cleanup()
    torch.set_num_threads(threads)


def test_an_actor_hands_a_full_disk_on_to_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Entry, epoch: Epoch) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Entry, "add", full)
    actor = Trainee.__new__(Trainee)
    actor.setup(dataclasses.asdict(order(tmp_path)))
    assert "No space left on device" in actor.step()["trouble"]
