"""``cnn-studies train``: one recipe, trained once. For a first look at a network; what is to be compared is a study."""

import types
import typing
from argparse import SUPPRESS, BooleanOptionalAction
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cnnzoo
from cnnzoo import Recipe
from cnnzoo.recipe import FIELDS
from cnnzoo.spelling import unknown
from studies.engine import typed

EXAMPLE = "example: cnn-studies train --model lenet --lr 0.05 --epochs 3 --save lenet.safetensors"


def train(arguments: Sequence[str]) -> int:
    given, rest = _parser().parse_known_args(arguments)
    if rest:
        raise unknown("option", rest[0], [f"--{name.replace('_', '-')}" for name in (*FIELDS, "data_dir", "save")])
    fields = vars(given)
    data_dir, kept = fields.pop("data_dir"), fields.pop("save")
    training = cnnzoo.train(Recipe.from_json(fields), data_dir=data_dir)
    print(f"{training.recipe.model} on {training.dataset.name}, {training.recipe.precision} on {training.device}")
    print(f"{'epoch':>5}  {'train loss':>10}  {'train acc@1':>11}  {'val acc@1':>9}  {'seconds':>7}")
    for epoch in training:
        accuracies = f"{epoch.train_acc1:9.2f} %  {epoch.val_acc1:7.2f} %"
        print(f"{epoch.number:5}  {epoch.train_loss:10.4f}  {accuracies}  {epoch.seconds:7.1f}", flush=True)
    print(f"{training.outcome}; the test set was not looked at: that is for the end of a study")
    if kept:
        cnnzoo.save(training, kept)
        print(f"wrote {kept}")
    return 0 if training.outcome == "completed" else 1


def _parser() -> typed.Parser:
    parser = typed.Parser(
        prog="cnn-studies train", description="Train one recipe, once.", epilog=EXAMPLE, allow_abbrev=False
    )
    parser.add_argument("--data-dir", type=Path, default=Path("data"), metavar="DIR", help="where data sets are, or go")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the trained network in this file")
    fields = parser.add_argument_group("the recipe", "as in a study; what is left out is as the network has it")
    for name, kind in typing.get_type_hints(Recipe).items():
        option = f"--{name.replace('_', '-')}"
        if kind is bool:
            fields.add_argument(option, action=BooleanOptionalAction, default=SUPPRESS)
        else:
            fields.add_argument(
                option, type=_read_as(kind), default=SUPPRESS, metavar=_named(kind), help=_default(name)
            )
    return parser


def _kind(hint: Any) -> Any:
    """The type that is not None."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next(kind for kind in kinds if kind is not type(None))


def _read_as(hint: Any) -> Callable[[str], Any]:
    kind = _kind(hint)
    return kind if kind in (int, float, str) else _whole_numbers


def _whole_numbers(text: str) -> tuple[int, ...]:
    """`3,3` is a stem of two 3x3 convolutions."""
    return tuple(int(number) for number in text.split(","))


def _named(hint: Any) -> str:
    return {int: "N", float: "X", str: "NAME"}.get(_kind(hint), "N,N")


def _default(name: str) -> str | None:
    default = FIELDS[name].default
    return None if default is None or name == "model" else f"default: {default}"
