"""Data sets that are folders of images: any folder with a folder for each class, and Tiny-ImageNet.

NAME/train/<class>/*.bmp         with develop/ (used as validation) and test/ beside train/, or without;
NAME/<class>/*.png               without test/ a fixed sixth of each class is the test set.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnnzoo.data.images import DEVELOP, FORMATS, TEST, TRAIN, Contents, decode, header, resize
from cnnzoo.data.splits import hold_out
from cnnzoo.mistake import Mistake

PARTS = {"train": TRAIN, "develop": DEVELOP, "test": TEST}
_BESIDE = {"total_train"}  # report B keeps train + develop there a second time
_HELD_OUT = 1 / 6  # as in MNIST and CIFAR-10: 10,000 of 60,000


class File(NamedTuple):
    path: str
    part: int
    label: int


class Tree(NamedTuple):
    """The images of a data set, listed but not yet read."""

    name: str
    classes: tuple[str, ...]
    files: list[File]


def stamp(path: str | Path) -> str:
    """What tells a file from what it was before; the change time catches a rewrite that sets the old time back."""
    stat = os.stat(path)  # noqa: PTH116 -- a Path for each of very many images takes longer
    return f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}"


def list_folder(name: str, root: Path, within: Path) -> Tree:
    """The images of a folder with train / develop / test folders, or with the classes themselves."""
    folders = {entry.name: entry.path for entry in _entries(root, within) if entry.is_dir()}
    parts = {part: folders[part] for part in PARTS if part in folders}
    if not parts:
        parts = {"train": str(root)}
    elif "train" not in parts:
        raise Mistake(f"{name}: {root} has {' and '.join(parts)} but no train folder to learn from.")
    elif strangers := sorted(folders.keys() - PARTS.keys() - _BESIDE):
        raise Mistake(
            f"{name}: {root} has {strangers[0]!r} beside train; the folders there may be called "
            f"{', '.join([*PARTS, *sorted(_BESIDE)])}: rename it, or move it away."
        )
    listed = {part: _class_folders(name, Path(path), within) for part, path in parts.items()}
    classes = tuple(listed["train"])
    for part, found in listed.items():
        if found.keys() != set(classes):
            odd = sorted(found.keys() ^ set(classes))[0]
            raise Mistake(f"{name}: class {odd!r} is in only one of {root / 'train'} and {root / part}.")
    files = [
        File(entry.path, PARTS[part], label)
        for part, found in listed.items()
        for label, wanted in enumerate(classes)
        for entry in _images(name, found[wanted], within)
    ]
    return Tree(name, classes, files)


def list_tiny_imagenet(root: Path) -> Tree:
    """The official archive: train/<class>/images/*, and val/images/* with its annotations as the test set."""
    name, within = "tiny_imagenet", root.resolve()
    classes = tuple(sorted((root / "wnids.txt").read_text(errors="replace").split()))
    labels = {wnid: label for label, wnid in enumerate(classes)}
    files = [
        File(entry.path, TRAIN, label)
        for wnid, label in labels.items()
        for entry in _images(name, str(root / "train" / wnid / "images"), within)
    ]
    test = _images(name, str(root / "val" / "images"), within)
    lines = (root / "val" / "val_annotations.txt").read_text(errors="replace").splitlines()
    annotated = {row[0]: row[1] for row in (line.split("\t") for line in lines) if len(row) > 1}
    if annotated.keys() != {entry.name for entry in test} or not labels.keys() >= set(annotated.values()):
        raise Mistake(f"{name}: the images in {root / 'val'} are not those of its val_annotations.txt.")
    files += [File(entry.path, TEST, labels[annotated[entry.name]]) for entry in test]
    return Tree(name, classes, files)


def read_tree(tree: Tree, image_size: int | None) -> Contents:
    """Look at all images' headers, then promise them decoded: grey if all of them are grey, else in colour."""
    headers = [header(file.path) for file in tree.files]
    channels = 1 if all(grey for grey, _ in headers) else 3
    by_size: dict[tuple[int, int], str] = {}
    for (_, size), file in zip(headers, tree.files, strict=True):
        by_size.setdefault(size, file.path)
    if image_size is None and len(by_size) > 1:
        found = [f"{width}x{height} in {path}" for (height, width), path in by_size.items()]
        raise Mistake(f"{tree.name}: the images differ in size ({', '.join(found[:2])}); set image_size.")
    height, width = headers[0][1] if image_size is None else (image_size, image_size)
    labels = np.array([file.label for file in tree.files], np.int64)
    parts = np.array([file.part for file in tree.files], np.uint8)
    if TEST not in parts:
        learn = np.flatnonzero(parts == TRAIN)
        parts[learn[hold_out(tree.name, labels[learn], tree.classes, _HELD_OUT)]] = TEST
    blocks = (resize(decode(file.path, channels), image_size) for file in tree.files)
    return Contents(tree.classes, labels, parts, (height, width, channels), blocks)


def _class_folders(name: str, folder: Path, within: Path) -> dict[str, str]:
    """Path by class, in the order of the labels: numbers as numbers, else by name."""
    found = {entry.name: entry.path for entry in _entries(folder, within) if entry.is_dir()}
    if len(found) < 2:
        raise Mistake(
            f"{name}: {folder} must hold a folder of images for each of at least two classes, "
            f"but has {', '.join(found) or 'none'}."
        )
    by_number = all(c.isdecimal() for c in found)
    return {c: found[c] for c in sorted(found, key=lambda c: (int(c) if by_number else 0, c))}


def _images(name: str, folder: str, within: Path) -> list[os.DirEntry[str]]:
    entries = _entries(Path(folder), within)
    if nested := [entry.name for entry in entries if entry.is_dir()]:
        raise Mistake(
            f"{name}: the images of a class must lie directly in {folder}, but it has a folder {nested[0]!r}."
        )
    images = [entry for entry in entries if entry.name.lower().endswith(tuple(FORMATS))]
    if not images:
        raise Mistake(f"{name}: the class folder {folder} has no images ({' '.join(FORMATS)}).")
    return images


def _entries(folder: Path, within: Path) -> list[os.DirEntry[str]]:
    """What stands in a folder, by name, without hidden files; no link may lead out of `within`."""
    with os.scandir(folder) as listing:
        entries = sorted((e for e in listing if not e.name.startswith(".")), key=lambda e: e.name)
    for entry in entries:
        if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(within):
            raise Mistake(f"the link {entry.path} leads out of {within}; put the files themselves there.")
    return entries
