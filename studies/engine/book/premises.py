"""What the result of a trial rests on besides its recipe: the images, the code, the libraries.

Where arms take turns over the nodes of a cluster, a node that differs in one of them makes a difference between arms.
So an order says what the driver has, and a worker trains only where it finds the same.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cnnzoo
from cnnzoo import Recipe
from cnnzoo.data import is_there, open_dataset
from cnnzoo.mistake import Mistake

Premises = Mapping[str, str]  # by what each is called, its digest or version
DATA, CODE = "data set", "package cnnzoo"
LIBRARIES = ("torch", "numpy")


class OtherPremisesError(OSError):
    """This machine would train something else than the study says; that is nothing its trial has done wrong."""


def premises(recipe: Recipe, data_digest: str) -> Premises:
    """What a training of the recipe rests on in this process."""
    return {**_code(recipe), DATA: data_digest}


def check_premises(recipe: Recipe, expected: Premises, data_dir: Path) -> None:
    """OtherPremisesError where this machine has other data, other code or other versions than expected."""
    try:
        found = premises(recipe, _digest(recipe.data(), data_dir))
    except Mistake as error:
        raise OtherPremisesError(f"{platform.node()} cannot train this: {error}") from error
    compare(expected, found, data_dir)


def examine(expected: Sequence[tuple[dict[str, Any], Premises]], data_dir: Path) -> tuple[str, set[str]]:
    """Why this machine may not train a study of these recipes, nothing where it may; and the data sets that it does not have."""
    lacks = set()
    try:
        for recipe, each in ((Recipe.from_json(fields), each) for fields, each in expected):
            if is_there(recipe.dataset, data_dir):
                check_premises(recipe, each, data_dir)
            else:
                lacks.add(recipe.dataset)
                compare(each, _code(recipe), data_dir)
    except OtherPremisesError as error:
        return str(error), set()
    return "", lacks


def compare(expected: Premises, found: Premises, data_dir: Path) -> None:
    """OtherPremisesError with all that was found and differs."""
    named = {DATA: f"{DATA} in {data_dir}"}
    differs = [
        f"{named.get(name, name)} is {there} there, {expected[name]} in the study"
        for name, there in found.items()
        if there != expected.get(name, there)
    ]
    if differs:
        raise OtherPremisesError(f"{platform.node()} would train something else: {'; '.join(differs)}")


def _code(recipe: Recipe) -> Premises:
    return {**_software(), **{f"own {what}": digest for what, digest in recipe.sources().items()}}


@cache
def _software() -> Premises:
    """Read once: a process goes on with the code that it has imported, whatever is edited meanwhile."""
    root = Path(cnnzoo.__file__).parent
    sources = {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.py"))}
    digest = hashlib.sha256(repr(sources).encode())
    return {CODE: digest.hexdigest()[:16], **{library: version(library) for library in LIBRARIES}}


@cache
def _digest(data: tuple[str, int | None, int | None, float], data_dir: Path) -> str:
    """The digest of the data set on this machine; taken once a process, as listing a folder of many images takes a while."""
    return open_dataset(*data, data_dir=data_dir).digest
