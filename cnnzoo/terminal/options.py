"""The fields of a recipe as options of a command line: what a network is trained by is said as in a study."""

import argparse
import ast
from collections.abc import Mapping, Sequence
from typing import Any

from cnnzoo.recipe import FIELDS, LOSSES, NAMES, RANGES, TYPES

OPTIONS: Mapping[str, Sequence[str]] = {
    **NAMES,
    "loss": (*LOSSES, "module:function"),
    "augmentation": ("module:function",),
}


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """An option for each field but the model; one that is not given leaves no trace, so the recipe's own default holds."""
    group = parser.add_argument_group("the recipe's fields")
    for name in FIELDS:
        if name == "model":
            continue
        option = f"--{name.replace('_', '-')}"
        about: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": _help(name)}
        kind = next(kind for kind in TYPES[name] if kind is not type(None))
        if kind is bool:
            group.add_argument(option, action=argparse.BooleanOptionalAction, **about)
        elif name == "options":
            about["help"] = "of a network of one's own: depth=3"
            group.add_argument(option, type=_option, nargs="+", metavar="NAME=VALUE", **about)
        elif kind is tuple:
            group.add_argument(option, type=int, nargs="+", metavar="KERNEL", **about)
        else:
            group.add_argument(option, type=kind, metavar=kind.__name__.upper(), **about)


def recipe_fields(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a recipe among the options that were given."""
    fields = {name: value for name, value in vars(options).items() if name in FIELDS}
    return {**fields, "options": dict(fields["options"])} if "options" in fields else fields


def _option(text: str) -> tuple[str, Any]:
    """`depth=3` as a name and a value, which is a text where it is nothing else."""
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _help(name: str) -> str:
    allowed = ", ".join(OPTIONS[name]) if name in OPTIONS else RANGES[name][0] if name in RANGES else ""
    default = FIELDS[name].default
    told = "" if default is None else f"(default: {default})"
    return " ".join(part for part in (allowed, told) if part).replace("%", "%%")
