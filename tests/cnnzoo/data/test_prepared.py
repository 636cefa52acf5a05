"""The prepared file: made once, mapped, noticed when damaged or out of date, never left half written."""

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnzoo.data import open_dataset
from cnnzoo.data import sources as sources_module
from cnnzoo.data.images import Contents
from cnnzoo.data.prepared import prepare
from cnnzoo.data.sources import Source

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(data_dir: Path, write: Any) -> Path:
    for part in ("train", "test"):
        for name in ("a", "b"):
            write(data_dir / "set" / part / name, 8)
    return data_dir / "set"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one each time that the images of a folder are decoded."""
    calls: list[int] = []
    read = sources_module.read_tree

    def counted(*args: Any) -> Any:
        calls.append(1)
        return read(*args)

    monkeypatch.setattr(sources_module, "read_tree", counted)
    return calls


def prepared(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.suffix != ".lock"]


def test_decoded_once_for_each_size(folder: Path, cache: Path, reads: list[int]) -> None:
    first = open_dataset("folder:set", data_dir=folder.parent)
    second = open_dataset("folder:set", data_dir=folder.parent, train_size=4)
    assert len(reads) == 1
    assert first.test.index.equal(second.test.index)
    assert first.digest != second.digest
    open_dataset("folder:set", image_size=9, data_dir=folder.parent)
    assert len(reads) == 2
    assert len(prepared(cache)) == 2


def test_the_digest_is_of_the_content_not_of_the_place(folder: Path, tmp_path: Path, reads: list[int]) -> None:
    first = open_dataset("folder:set", data_dir=folder.parent)
    shutil.copytree(folder, tmp_path / "elsewhere" / "set")
    second = open_dataset("folder:set", data_dir=tmp_path / "elsewhere")
    assert len(reads) == 2
    assert first.digest == second.digest


def test_a_changed_image_is_noticed_even_with_the_old_time(folder: Path, reads: list[int]) -> None:
    before = open_dataset("folder:set", data_dir=folder.parent)
    image = folder / "train" / "a" / "0.png"
    times = image.stat()
    Image.fromarray(255 - np.array(Image.open(image))).save(image)
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = open_dataset("folder:set", data_dir=folder.parent)
    assert len(reads) == 2
    assert before.digest != after.digest
    assert before.test.index.tolist() == after.test.index.tolist()


def test_a_removed_image_is_noticed(folder: Path, counts: Any) -> None:
    before = open_dataset("folder:set", validation=0, data_dir=folder.parent)
    (folder / "train" / "a" / "0.png").unlink()
    after = open_dataset("folder:set", validation=0, data_dir=folder.parent)
    assert (counts(before)[0], counts(after)[0]) == ((8, 8), (7, 8))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, overwrite, Path.unlink])
@pytest.mark.parametrize("file", ["images.npy", "rows.npy", "meta.json"])
def test_a_damaged_file_is_made_again(harm: Any, file: str, folder: Path, cache: Path, reads: list[int]) -> None:
    before = open_dataset("folder:set", data_dir=folder.parent)
    expected = before.train.images.clone()
    harm(prepared(cache)[0] / file)
    after = open_dataset("folder:set", data_dir=folder.parent)
    assert len(reads) == 2
    assert after.digest == before.digest
    assert after.train.images.equal(expected)
    assert after.train.labels.equal(before.train.labels)


def test_what_a_killed_process_left_is_cleared(folder: Path, cache: Path) -> None:
    open_dataset("folder:set", data_dir=folder.parent)
    whole = prepared(cache)[0]
    whole.rename(cache / f".{whole.name}.partial")
    (cache / f".{whole.name}.partial" / "meta.json").unlink()
    open_dataset("folder:set", data_dir=folder.parent)
    assert prepared(cache) == [whole]


def test_no_start_without_the_space(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 100))
    with pytest.raises(ValueError, match=r"cannot be written to .* \(it takes .* MB, but 0 MB are free\); make room"):
        open_dataset("folder:set", data_dir=folder.parent)
    assert prepared(cache) == []


def test_a_disk_that_fills_up_leaves_nothing_behind(cache: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    try:
        with pytest.raises(ValueError, match=r"mnist5k.* \(File too large\); .* set XDG_CACHE_HOME"):
            open_dataset("mnist5k")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert prepared(cache) == []


def test_a_full_disk_at_the_very_end(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match="No space left on device"):
        open_dataset("folder:set", data_dir=folder.parent)
    assert prepared(cache) == []


def test_images_that_are_gone_are_no_full_disk(cache: Path) -> None:
    def gone() -> Iterator[Any]:
        raise OSError("the images are no longer there")
        yield

    contents = Contents(("a", "b"), np.array([0, 1]), np.zeros(2, np.uint8), (8, 8, 1), gone())
    with pytest.raises(ValueError, match=r"^the images cannot be read \(the images are no longer there\)\.$"):
        prepare("sent", Source("", "", lambda image_size: contents), None)
    assert prepared(cache) == []


def test_a_cache_that_cannot_be_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ValueError, match="set XDG_CACHE_HOME to a folder that can be written"):
        open_dataset("folder:set", data_dir=folder.parent)


def test_the_images_are_mapped_not_copied() -> None:
    open_dataset("mnist5k")
    data = open_dataset("mnist5k")
    int(data.train.images.sum())  # every page has been touched
    smaps = Path("/proc/self/smaps")
    if not smaps.exists():
        pytest.skip("this system does not say what is mapped")
    mapping = re.search(r"images\.npy\n(?:(?![0-9a-f]+-).*\n)*", smaps.read_text())
    assert mapping is not None
    assert "Private_Dirty:         0 kB" in mapping[0]


def test_processes_that_prepare_at_once_do_it_once(tmp_path: Path) -> None:
    code = "from cnnzoo.data import open_dataset; print(open_dataset('mnist5k').digest)"
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[3]
    running = [subprocess.Popen(command, cwd=root, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    assert len({out for out, _ in outputs}) == 1
    assert "".join(err for _, err in outputs).count("Preparing mnist5k once") == 1
