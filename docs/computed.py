"""What the site computes from the code while it is built: a line `{{ name }}` in a page becomes a table or a screen."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cnnzoo.data.sources import NAMES as DATA_SETS
from cnnzoo.nets import ZOO
from cnnzoo.recipe import FIELDS, RANGES, TYPES, defaults_of
from cnnzoo.terminal.options import NAMES as OPTIONS

NAMES: Mapping[str, Any] = {**OPTIONS, "dataset": (*DATA_SETS, "folder:NAME"), "model": (*ZOO, "module:function")}
NONE_MEANS = {"image_size": "as the data set has it", "train_size": "all"}
ROOT = Path(__file__).parents[1]


def recipe() -> str:
    """Every field of a recipe: what it may be, and what it is if it is left out."""
    return _table(("field", "what it may be", "left out"), [(f"`{n}`", _allowed(n), _default(n)) for n in FIELDS])


def _allowed(name: str) -> str:
    if name in NAMES:
        return ", ".join(f"`{choice}`" for choice in NAMES[name])
    types = [kind.__name__ for kind in TYPES[name] if kind is not type(None)]
    return RANGES[name][0] if name in RANGES else {"bool": "`True` or `False`"}.get(types[0], " or ".join(types))


def _default(name: str) -> str:
    if name == "model":
        return "has to be given"
    default = FIELDS[name].default
    return NONE_MEANS.get(name, "its own") if default is None else f"`{default!r}`"


def network_options() -> str:
    """The options that each network takes, with what they are by themselves."""
    options = {
        name: ", ".join(f"`{o}={v!r}`" for o, v in defaults_of(builder).items()) for name, builder in ZOO.items()
    }
    return _table(("network", "options"), [(f"`{name}`", text) for name, text in options.items()])


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _screen(*words: str) -> str:
    """What a command prints."""
    environment = {**os.environ, "COLUMNS": "90"}
    command = [sys.executable, "-m", "studies", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return f"```text\n{done.stdout.rstrip()}\n```"


COMPUTED: Mapping[str, Callable[[], str]] = {
    "recipe": recipe,
    "network_options": network_options,
    "networks": lambda: _screen("networks"),
}


def filled(markdown: str) -> str:
    """The text of a page with everything in it that is computed."""

    def text(found: re.Match[str]) -> str:
        command = found[1].removeprefix("help of")
        return COMPUTED[command]() if command == found[1] else _screen(*command.split(), "--help")

    return re.sub(r"^\{\{ (.*?) ?\}\}$", text, markdown, flags=re.MULTILINE)
