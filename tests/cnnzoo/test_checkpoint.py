"""A training that was killed at any moment goes on as if nothing had happened, or says why it cannot."""

import errno
import hashlib
import io
import itertools
import os
import pickle
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from cnnzoo import Epoch, Recipe, Training, train
from cnnzoo.optimising.optim import OPTIMIZERS, SCHEDULES
from cnnzoo.storage.checkpoint import DIFFERENCE_IN, previous, read, write

ONCE = 10**9  # a landscape of one look, which records the loss of every step
TINY = Recipe(model="lenet", train_size=64, batch_size=24, epochs=3, validation=0.01, landscape=ONCE)
TIMES = ("images_per_second", "seconds", "seconds_data", "seconds_compute", "seconds_evaluation")
VARIED: dict[str, dict[str, Any]] = {
    "dropout and augmentation": {"model": "alexnet", "dropout": 0.5, "crop": 2, "flip": True, "erasing": 0.5},
    "a random activation": {"model": "simp_res9", "activation": "rrelu", "width": 0.125},
    "auxiliary heads": {"model": "googlenet", "aux": 0.3},
    "no momentum": {"momentum": 0.0, "l1": 1e-4},
}
SETTINGS: dict[str, dict[str, Any]] = {
    f"{optimizer}, {schedule}": {"model": "lenet_b", "optimizer": optimizer, "schedule": schedule, "crop": 2}
    for optimizer, schedule in itertools.product(OPTIMIZERS, SCHEDULES)
} | VARIED


def figures(epochs: list[Epoch]) -> str:
    """All of the epochs but the times, as text, in which NaN equals NaN."""
    return repr([{name: value for name, value in asdict(epoch).items() if name not in TIMES} for epoch in epochs])


def assert_the_same_bit_for_bit(one: Training, other: Training) -> None:
    assert figures(one.history) == figures(other.history)
    assert one.outcome == other.outcome
    for (name, ours), theirs in zip(one.model.state_dict().items(), other.model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name


def uninterrupted(recipe: Recipe) -> Training:
    training = train(recipe, device="cpu")
    list(training)
    return training


def resumed(recipe: Recipe, path: Path) -> Training:
    training = train(recipe, device="cpu", resume=path)
    list(training)
    return training


def some_epochs(recipe: Recipe, path: Path, epochs: int) -> None:
    """The training broken off when so many epochs have been seen, as by a signal."""
    list(itertools.islice(train(recipe, device="cpu", resume=path), epochs))


@pytest.mark.parametrize("fields", SETTINGS.values(), ids=SETTINGS)
def test_a_resumed_training_equals_an_uninterrupted_one(fields: dict[str, Any], tmp_path: Path) -> None:
    recipe, path = TINY.replace(**fields), tmp_path / "checkpoint.pt"
    some_epochs(recipe, path, 1)
    some_epochs(recipe, path, 1)
    assert_the_same_bit_for_bit(resumed(recipe, path), uninterrupted(recipe))


def test_killed_in_the_middle_of_an_epoch_only_that_epoch_is_done_again(tmp_path: Path) -> None:
    recipe, path = TINY.replace(**VARIED["dropout and augmentation"]), tmp_path / "checkpoint.pt"
    training, batches = train(recipe, device="cpu", resume=path), itertools.count(1)
    seen: list[int] = []

    def interrupt(*_: Any) -> None:
        if next(batches) == 11:  # the epoch before had three of training, five of its look and one of evaluation
            raise KeyboardInterrupt

    training.model.register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        seen.extend(epoch.number for epoch in training)
    again = train(recipe, device="cpu", resume=path)
    seen.extend(epoch.number for epoch in again)
    assert seen[-2:] == [2, 3]
    assert_the_same_bit_for_bit(again, uninterrupted(recipe))


def test_an_epoch_is_in_the_checkpoint_before_it_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    for epoch in train(TINY, device="cpu", resume=path):
        assert train(TINY, device="cpu", resume=path).history[-1] == epoch


def test_an_ended_training_stays_ended(tmp_path: Path) -> None:
    for name, recipe in {"completed": TINY, "diverged": TINY.replace(lr=1e30)}.items():
        path = tmp_path / name
        first = resumed(recipe, path)
        again = train(recipe, device="cpu", resume=path)
        assert again.outcome == first.outcome == name
        assert list(again) == []
        assert figures(again.history) == figures(first.history)
        assert again.test().acc1 == first.test().acc1


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def emptied(_: bytes) -> bytes:
    return b""


def flipped_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [cut, emptied, flipped_bit])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(damage: Any, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 2)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"checkpoint\.pt is damaged"):
        training = train(TINY, device="cpu", resume=path)
    assert len(training.history) == 1
    list(training)
    assert_the_same_bit_for_bit(training, uninterrupted(TINY))


def test_a_damaged_checkpoint_never_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 2)
    before = previous(path).read_bytes()
    path.write_bytes(cut(path.read_bytes()))
    with pytest.warns(UserWarning, match="is damaged"):
        training = train(TINY, device="cpu", resume=path)
    next(iter(training))
    assert previous(path).read_bytes() == before


@pytest.mark.parametrize("content", [b"my notes", b"\x40\x01\0\0\0\0\0\0{}"], ids=["text", "a saved network"])
def test_a_file_that_is_no_checkpoint_is_refused_and_kept(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="mine is no checkpoint; give another path"):
        train(TINY, device="cpu", resume=str(path))
    assert path.read_bytes() == content


def test_with_both_damaged_the_training_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 2)
    for file in (path, previous(path)):
        file.write_bytes(cut(file.read_bytes()))
    with pytest.warns(UserWarning, match="is damaged"):
        training = train(TINY, device="cpu", resume=path)
    list(training)
    assert_the_same_bit_for_bit(training, uninterrupted(TINY))


def test_killed_between_the_two_renames_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 2)
    path.replace(previous(path))
    assert train(TINY, device="cpu", resume=path).history[-1].number == 2


def test_a_full_disk_leaves_the_checkpoint_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 1)
    training = train(TINY, device="cpu", resume=path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"No space left.*checkpoint\.pt"):
            list(training)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert_the_same_bit_for_bit(resumed(TINY, path), uninterrupted(TINY))


def test_what_is_left_of_a_killed_write_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    (tmp_path / "checkpoint.pt.unfinished").write_bytes(b"half")
    assert resumed(TINY, path).outcome == "completed"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["checkpoint.pt", "checkpoint.pt.previous"]


def test_the_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 1)
    with pytest.raises(ValueError, match=r"another training: lr is 0\.5, there 0\.01; epochs is 4, there 3\. Resume"):
        train(TINY.replace(lr=0.5, epochs=4), device="cpu", resume=path)
    with pytest.raises(ValueError, match="model is 'lenet_b', there 'lenet'"):
        train(TINY.replace(model="lenet_b"), device="cpu", resume=path)


@pytest.mark.parametrize("part", DIFFERENCE_IN)
def test_the_checkpoint_of_other_data_or_another_network_or_device_is_refused(part: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    some_epochs(TINY, path, 1)
    state = read(path)
    assert state is not None
    write(path, {**state, part: "0123456789abcdef"})
    with pytest.raises(ValueError, match=re.escape(DIFFERENCE_IN[part])):
        train(TINY, device="cpu", resume=path)


class Attack:
    """A pickle that leaves a file behind wherever it is loaded as a pickle."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.proof),)


def test_no_code_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    path, proof, buffer = tmp_path / "checkpoint.pt", tmp_path / "proof", io.BytesIO()
    torch.save({"model": Attack(proof)}, buffer)
    path.write_bytes(buffer.getvalue() + hashlib.sha256(buffer.getvalue()).digest())
    with pytest.raises(pickle.UnpicklingError):
        train(TINY, device="cpu", resume=path)
    assert not proof.exists()
