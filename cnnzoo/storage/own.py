"""Functions of the user's own, named ``module:function`` after anything that can be imported, and the files they stand in."""

import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from cnnzoo.mistake import Mistake
from cnnzoo.spelling import unknown

KINDS = {  # what a recipe may name, and what it has to be
    "model": "function(shape, classes) -> network",
    "loss": "function(logits, labels) -> the loss of each image",
    "augmentation": "function(images) -> images",
}


def is_own(name: str | None) -> bool:
    """Whether it names a function of the user's own, and nothing of the zoo."""
    return name is not None and ":" in name


def own_function(kind: str, name: str, known: Iterable[str] = ()) -> Callable[..., Any]:
    """The function of this name; ``kind`` is the field of the recipe that names it, ``known`` what else it may name."""
    if known and not is_own(name):
        raise unknown(kind, name, (*known, "module:function"))
    module, _, function = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module), function)
        inspect.signature(found)
    except Exception as error:  # whatever a file of somebody's own may raise
        file = f"{module.replace('.', '/')}.py"
        raise Mistake(
            f"{kind} {name!r} cannot be imported: {_with_place(error)}. It names a {KINDS[kind]} in a file {file} beside the study."
        ) from None
    return found


@contextmanager
def errors_told(begins: str) -> Iterator[None]:
    """Run code of the user's own: any error in it becomes a Mistake whose message begins with ``begins``."""
    try:
        yield
    except Mistake:
        raise
    except Exception as error:
        raise Mistake(f"{begins}: {error}") from error


def trust(modules: Iterable[str]) -> None:
    """Import modules of the user's own, which files may name from now on; they may stand in the folder one is in."""
    sys.path.insert(0, "")
    for module in modules:
        try:
            import_module(module)
        except Exception as error:  # whatever a file of somebody's own may raise
            raise Mistake(f"--trust {module}: {_with_place(error)}.") from None


def source_digest(what: str, name: str) -> str:
    """A digest of the file that a function of the user's own stands in: an edited network, say, is another one."""
    file = getattr(import_module(name.partition(":")[0]), "__file__", None)
    if file is None:
        raise Mistake(f"{what} {name!r} stands in no file, so an edit of it would go unseen; put it into one.")
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]


def _with_place(error: Exception) -> str:
    """What went wrong, in one line, and at which line of a file that was being imported."""
    said = " ".join(str(error).split()) or type(error).__name__  # a SyntaxError names its place itself
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    return f"{said} ({places[-1].filename}, line {places[-1].lineno})" if places else said
