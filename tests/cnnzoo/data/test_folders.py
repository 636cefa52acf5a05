"""Folders of images by class: every layout, and every way in which they can be wrong."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cnnzoo.data import open_dataset


@pytest.mark.parametrize(
    "name", ["folder:../x", "folder:/etc", "folder:", "folder:a/b", "folder:.hidden", "folder:a\n"]
)
def test_a_folder_has_a_plain_name(name: str, data_dir: Path) -> None:
    with pytest.raises(ValueError, match="plain name of one folder"):
        open_dataset(name, data_dir=data_dir)


def test_classes_alone_hold_out_a_sixth_for_testing(data_dir: Path, write: Any, counts: Any) -> None:
    for name in ("1", "2", "10"):
        write(data_dir / "set" / name, 12)
    data = open_dataset("folder:set", validation=0.2, data_dir=data_dir)
    assert data.classes == ("1", "2", "10")  # numbers in the order of numbers
    assert data.shape == (1, 8, 10)
    assert counts(data) == [(8, 8, 8), (2, 2, 2), (2, 2, 2)]
    rows = torch.cat([split.index for split in (data.train, data.validation, data.test)])
    assert sorted(rows.tolist()) == list(range(36))


def test_report_b_layout_uses_develop_as_validation(data_dir: Path, write: Any, counts: Any) -> None:
    for part, count in (("train", 4), ("develop", 2), ("test", 3), ("total_train", 6)):
        for name in ("a", "b"):
            write(data_dir / "set" / part / name, count, suffix=".bmp")
    data = open_dataset("folder:set", data_dir=data_dir)
    assert counts(data) == [(4, 4), (2, 2), (3, 3)]
    whole = open_dataset("folder:set", validation=0, data_dir=data_dir)  # the report's total_train
    assert counts(whole) == [(6, 6), (0, 0), (3, 3)]
    assert whole.test.index.equal(data.test.index)
    assert whole.digest != data.digest


def test_pixels_and_labels_come_through_unchanged(data_dir: Path, write: Any) -> None:
    for part in ("train", "test"):
        for name in ("a", "b"):
            write(data_dir / "set" / part / name, 3, mode="RGB")
    data = open_dataset("folder:set", validation=0, data_dir=data_dir)
    files = [data_dir / "set" / "test" / name / f"{i}.png" for name in ("a", "b") for i in range(3)]
    expected = np.stack([np.array(Image.open(file)) for file in files])
    assert np.array_equal(data.test.images[data.test.index].numpy(), expected)
    assert data.test.labels[data.test.index].tolist() == [0, 0, 0, 1, 1, 1]
    training = data.train.images[data.train.index].double() / 255
    assert torch.tensor(data.mean) == pytest.approx(training.mean((0, 1, 2)).numpy(), abs=1e-6)
    assert torch.tensor(data.std) == pytest.approx(training.std((0, 1, 2), correction=0).numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("modes", "channels"), [(("L", "L"), 1), (("L", "1"), 1), (("L", "RGB"), 3), (("P", "RGB"), 3)]
)
def test_grey_only_where_all_images_are_grey(modes: tuple[str, str], channels: int, data_dir: Path, write: Any) -> None:
    for name, mode in zip("ab", modes, strict=True):
        write(data_dir / "set" / name, 4, mode=mode)
    assert open_dataset("folder:set", validation=0, data_dir=data_dir).shape[0] == channels


def test_a_grey_palette_is_grey(data_dir: Path) -> None:
    for name in "ab":
        (data_dir / "set" / name).mkdir(parents=True)
        for i in range(2):
            image = Image.new("P", (4, 4), i)
            image.putpalette([0, 0, 0, 90, 90, 90])
            image.save(data_dir / "set" / name / f"{i}.png")
    data = open_dataset("folder:set", validation=0, data_dir=data_dir)
    assert data.shape == (1, 4, 4)
    assert sorted({*data.train.images.flatten().tolist()}) == [0, 90]


def test_images_of_several_sizes_need_an_image_size(data_dir: Path, write: Any) -> None:
    write(data_dir / "set" / "a", 3, size=(10, 8))
    write(data_dir / "set" / "b", 3, size=(9, 9))
    with pytest.raises(ValueError, match=r"differ in size \(10x8 in .*/a/0.png, 9x9 in .*/b/0.png\); set image_size"):
        open_dataset("folder:set", data_dir=data_dir)
    assert open_dataset("folder:set", image_size=12, validation=0, data_dir=data_dir).shape == (1, 12, 12)


def test_resizing_is_antialiased(data_dir: Path) -> None:
    """A fine checkerboard made smaller is grey; picked pixels would be black or white."""
    board = np.indices((64, 64)).sum(0) % 2 * 255
    for name in "ab":
        (data_dir / "set" / name).mkdir(parents=True)
        for i in range(2):
            Image.fromarray(board.astype(np.uint8)).save(data_dir / "set" / name / f"{i}.png")
    data = open_dataset("folder:set", image_size=8, validation=0, data_dir=data_dir)
    inner = data.train.images[:, 1:-1, 1:-1].int()
    assert int((inner - 127).abs().max()) <= 3


def good(data_dir: Path, write: Any) -> Path:
    for part in ("train", "test"):
        for name in ("a", "b"):
            write(data_dir / "set" / part / name, 3)
    return data_dir / "set"


def test_an_image_cut_short_is_named(data_dir: Path, write: Any, cache: Path) -> None:
    broken = good(data_dir, write) / "train" / "b" / "1.png"
    broken.write_bytes(broken.read_bytes()[:90])
    with pytest.raises(ValueError, match=r"the image .*train/b/1.png cannot be used"):
        open_dataset("folder:set", data_dir=data_dir)
    assert [p.name for p in cache.iterdir() if p.suffix != ".lock"] == []


@pytest.mark.parametrize("content", [b"", b"no image at all", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_what_is_no_image_is_named(content: bytes, data_dir: Path, write: Any) -> None:
    (good(data_dir, write) / "test" / "a" / "2.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"the image .*test/a/2.png cannot be used"):
        open_dataset("folder:set", data_dir=data_dir)


def test_transparent_and_deep_images_are_refused_not_guessed(data_dir: Path, write: Any) -> None:
    folder = good(data_dir, write)
    Image.new("RGBA", (10, 8), (9, 9, 9, 100)).save(folder / "train" / "a" / "0.png")
    with pytest.raises(ValueError, match=r"train/a/0.png cannot be used \(transparent pixels"):
        open_dataset("folder:set", data_dir=data_dir)
    Image.fromarray(np.full((8, 10), 60_000, np.uint16)).save(folder / "train" / "a" / "0.png")
    with pytest.raises(ValueError, match=r"train/a/0.png cannot be used \(pixels of kind I;16"):
        open_dataset("folder:set", data_dir=data_dir)


def test_an_empty_class_is_named(data_dir: Path, write: Any) -> None:
    (good(data_dir, write) / "train" / "c").mkdir()
    (data_dir / "set" / "test" / "c").mkdir()
    with pytest.raises(ValueError, match=r"the class folder .*train/c has no images"):
        open_dataset("folder:set", data_dir=data_dir)


def test_one_class_is_not_enough(data_dir: Path, write: Any) -> None:
    write(data_dir / "set" / "only", 3)
    with pytest.raises(ValueError, match=r"at least two classes, but has only"):
        open_dataset("folder:set", data_dir=data_dir)


def test_parts_must_have_the_same_classes(data_dir: Path, write: Any) -> None:
    write(good(data_dir, write) / "test" / "c", 1)
    with pytest.raises(ValueError, match=r"class 'c' is in only one of .*train and .*test"):
        open_dataset("folder:set", data_dir=data_dir)


def test_folders_that_would_be_ignored_are_errors(data_dir: Path, write: Any) -> None:
    folder = good(data_dir, write)
    write(folder / "val" / "a", 1)
    with pytest.raises(ValueError, match=r"has 'val' beside train; .* train, develop, test, total_train"):
        open_dataset("folder:set", data_dir=data_dir)
    (folder / "val").rename(folder / "train" / "a" / "more")
    with pytest.raises(ValueError, match=r"must lie directly in .*train/a, but it has a folder 'more'"):
        open_dataset("folder:set", data_dir=data_dir)


def test_test_without_train(data_dir: Path, write: Any) -> None:
    write(data_dir / "set" / "test" / "a", 1)
    with pytest.raises(ValueError, match=r"has test but no train"):
        open_dataset("folder:set", data_dir=data_dir)


def test_links_may_not_lead_out_of_the_data_folder(data_dir: Path, tmp_path: Path, write: Any) -> None:
    write(tmp_path / "outside" / "a", 2)
    write(tmp_path / "outside" / "b", 2)
    (data_dir / "set").symlink_to(tmp_path / "outside")
    with pytest.raises(ValueError, match="leads out of"):
        open_dataset("folder:set", data_dir=data_dir)
    folder = good(data_dir / "more", write)
    (folder / "train" / "a" / "9.png").symlink_to(tmp_path / "outside" / "a" / "0.png")
    with pytest.raises(ValueError, match=r"the link .*train/a/9.png leads out of"):
        open_dataset("folder:set", data_dir=data_dir / "more")


def test_a_folder_that_may_not_be_read_is_named(data_dir: Path, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, scandir = good(data_dir, write) / "train" / "b", os.scandir

    def refuse(path: Any) -> Any:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(ValueError, match=r"train/b cannot be read \(Permission denied\)"):
            open_dataset("folder:set", data_dir=data_dir)


def test_a_folder_that_is_not_there_lists_those_that_are(data_dir: Path) -> None:
    (data_dir / "mine").mkdir()
    with pytest.raises(ValueError, match=r"there is no folder .*/yours; folders in .*: mine\."):
        open_dataset("folder:yours", data_dir=data_dir)
