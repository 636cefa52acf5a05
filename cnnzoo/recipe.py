"""A recipe: everything that determines one training, and nothing else.

A field left at ``None`` means "as the model (or optimiser, or schedule) has it by itself"; ``resolved()`` fills those
in. A value that is unknown, out of range, or would be ignored by the chosen model is an error here, before anything
runs: a knob wired to nothing is how comparisons go wrong. Stating and checking it takes no torch, which is slow to load.
"""

import inspect
import math
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from cnnzoo.data.sources import check_dataset_name
from cnnzoo.mistake import Mistake
from cnnzoo.nets import CHOICES, ZOO, Net, builder_of, check_dropout_at
from cnnzoo.nets.own_options import NO_OPTIONS, Options, check_options, keyword_only, unless_default
from cnnzoo.optimising.optim import OPTIMIZERS, SCHEDULES
from cnnzoo.spelling import nearest, says_what_it_takes, unknown
from cnnzoo.storage.own import is_own, own_function, source_digest

if TYPE_CHECKING:
    from torch import nn

LOSSES = ("cross_entropy", "smooth_l1", "bce")
MODEL_OPTIONS = tuple(dict.fromkeys(option for net in ZOO.values() for option in net.takes))
KNOBS = {"model": MODEL_OPTIONS, "optimizer": ("momentum",), "schedule": ("step_size", "gamma")}
NAMES: Mapping[str, tuple[str, ...]] = {
    "optimizer": tuple(OPTIMIZERS),
    "schedule": tuple(SCHEDULES),
    **CHOICES,
    "precision": ("auto", "fp32", "bf16"),
    "testing": ("eval", "training_mode"),
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    # The data: what is learned from, and what is held out of it.
    dataset: str = "mnist5k"
    image_size: int | None = None  # side in pixels; None: as the data set has it
    train_size: int | None = None  # so many training images, stratified; None: all
    validation: float = 0.1  # share of the training set held out to choose by; 0: train on all of it
    # The network and its options.
    model: str
    activation: str | None = None
    norm: str | None = None
    pooling: str | None = None
    dropout: float | None = None
    dropout_at: str | None = None
    stem: tuple[int, ...] | None = None
    stem_pool: int | None = None
    strides: str | None = None
    initialisation: str | None = None
    aux: float | None = None
    relu_logits: bool | None = None
    width: float | None = None
    options: Options | Mapping[str, Any] = NO_OPTIONS  # of a network of one's own, beside the fields
    # How it learns.
    optimizer: str = "sgd"
    lr: float = 0.01
    momentum: float | None = None
    weight_decay: float = 0.0
    l1: float = 0.0
    schedule: str = "constant"
    step_size: int | None = None
    gamma: float | None = None
    loss: str = "cross_entropy"
    label_smoothing: float = 0.0
    # What is done to a training image; normalisation is always done.
    crop: int = 0  # random crop after padding by so many pixels
    flip: bool = False
    erasing: float = 0.0  # probability of erasing a random rectangle
    augmentation: str | None = None  # of one's own, after the others: module:function
    # The run.
    batch_size: int = 128
    epochs: int = 10
    precision: str = "auto"
    testing: str = "eval"  # training_mode: image by image, dropout and batch statistics at work, as report B had it
    landscape: int = 0  # after every so many steps, look at the loss along the gradient; 0: never
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.stem, list):
            object.__setattr__(self, "stem", tuple(self.stem))
        object.__setattr__(self, "options", Options(self.options))
        _check_values(self)
        _check_names(self)
        _check_knobs(self)

    def resolved(self) -> Self:
        """The same recipe with every default filled in; two recipes train alike exactly if these are equal."""
        defaults = {name: value for owner in self.owners().values() for name, value in defaults_of(owner).items()}
        changed = {name: value for name, value in defaults.items() if getattr(self, name) is None and value is not None}
        if self.options:
            changed["options"] = unless_default(builder_of(self.model), Options(self.options))
        return self.replace(**changed) if changed else self

    def data(self) -> tuple[str, int | None, int | None, float]:
        """Which images it is about, as ``open_dataset`` takes them."""
        return self.dataset, self.image_size, self.train_size, self.validation

    def owners(self) -> dict[str, Callable[..., Any]]:
        """What builds its model, optimiser and schedule."""
        optimizer, schedule = OPTIMIZERS[self.optimizer], SCHEDULES[self.schedule]
        return {"model": builder_of(self.model), "optimizer": optimizer, "schedule": schedule}

    def built_with(self) -> dict[str, Any]:
        """The options of the model that were set, as its builder takes them."""
        return {**self.taken_by(builder_of(self.model)), **self.options}

    def sources(self) -> dict[str, str]:
        """By what they are, the digests of the files of the user's own that it names; edited, they make another training."""
        named = {"network": self.model, "loss": self.loss, "augmentation": self.augmentation}
        return {what: source_digest(what, name) for what, name in named.items() if name and is_own(name)}

    def taken_by(self, builder: Callable[..., Any]) -> dict[str, Any]:
        """Of the recipe fields that this builder takes (of a model, optimiser or schedule), those that were set."""
        return {name: value for name in defaults_of(builder) if (value := getattr(self, name)) is not None}

    def replace(self, **changes: Any) -> Self:
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Its fields; those that came later are left out where nothing is set, so that a recipe keeps its signature."""
        fields = {name: value for name, value in vars(self).items() if value or name not in ("options", "augmentation")}
        own = {"options": Options(self.options).to_json()} if self.options else {}
        return {**fields, **own, "stem": None if self.stem is None else list(self.stem)}

    def columns(self) -> dict[str, Any]:
        """The same for a table: each of one's own options is a column, ``options.depth``."""
        fields = self.to_json()
        own = fields.pop("options", {})
        return {**fields, **{f"options.{name}": value for name, value in own.items()}}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields)


Recipe.__init__ = says_what_it_takes(Recipe.__init__)  # type: ignore[method-assign]
FIELDS = {field.name: field for field in fields(Recipe)}
TYPES: dict[str, tuple[type, ...]] = {
    name: tuple(typing.get_origin(t) or t for t in (typing.get_args(hint) or (hint,)))
    for name, hint in typing.get_type_hints(Recipe).items()
}

# What a number has to satisfy, in the words of the error. None is checked nowhere: it is the default of its field.
RANGES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "image_size": ("a whole number between 8 and 1024", lambda v: 8 <= v <= 1024),
    "train_size": ("a whole number >= 1", lambda v: v >= 1),
    "validation": ("at least 0 and at most 0.5", lambda v: 0 <= v <= 0.5),
    "dropout": ("at least 0 and below 1", lambda v: 0 <= v < 1),
    "stem": (
        "odd whole kernel sizes between 1 and 11, such as (3, 3)",
        lambda v: v and all(type(k) is int and k in range(1, 12, 2) for k in v),
    ),
    "stem_pool": ("1 or 2", lambda v: v in (1, 2)),
    "aux": ("at least 0 and at most 1", lambda v: 0 <= v <= 1),
    "width": ("above 0 and at most 4", lambda v: 0 < v <= 4),
    "lr": ("a finite number above 0", lambda v: 0 < v < math.inf),
    "momentum": ("at least 0 and below 1", lambda v: 0 <= v < 1),
    "weight_decay": ("a finite number >= 0", lambda v: 0 <= v < math.inf),
    "l1": ("a finite number >= 0", lambda v: 0 <= v < math.inf),
    "step_size": ("a whole number >= 1", lambda v: v >= 1),
    "gamma": ("above 0 and at most 1", lambda v: 0 < v <= 1),
    "label_smoothing": ("at least 0 and below 1", lambda v: 0 <= v < 1),
    "crop": ("a whole number between 0 and 16", lambda v: 0 <= v <= 16),
    "erasing": ("a probability between 0 and 1", lambda v: 0 <= v <= 1),
    "batch_size": ("a whole number >= 1", lambda v: v >= 1),
    "epochs": ("a whole number >= 1", lambda v: v >= 1),
    "landscape": ("a whole number >= 0", lambda v: v >= 0),
    "seed": ("a whole number between 0 and 2**32 - 1", lambda v: 0 <= v < 2**32),
}


def reject_unknown(fields: Iterable[str]) -> None:
    """Refuse a name that is no field of a recipe."""
    for name in fields:
        if name not in FIELDS:
            raise Mistake(f"a recipe has no field {name!r}{nearest(name, FIELDS)} Its fields: {', '.join(FIELDS)}.")


def build(recipe: Recipe, shape: tuple[int, int, int], classes: int) -> "nn.Module":
    """The recipe's network for such images and so many classes; its weights come from torch's global generator."""
    return builder_of(recipe.model)(shape, classes, **recipe.built_with())


@cache
def defaults_of(builder: Callable[..., Any]) -> dict[str, Any]:
    """The recipe fields that a builder of a model, an optimiser or a schedule takes, with their defaults."""
    if isinstance(builder, Net):
        return dict(builder.takes)
    options = keyword_only(builder).items()
    return {name: default for name, default in options if name in FIELDS and default is not inspect.Parameter.empty}


def _check_values(recipe: Recipe) -> None:
    for name, value in vars(recipe).items():
        allowed = TYPES[name]
        if isinstance(value, int) and not isinstance(value, bool) and float in allowed and abs(value) < 2**1000:
            value = float(value)
            object.__setattr__(recipe, name, value)  # so that 1 and 1.0 are the same recipe
        rule, holds = RANGES.get(name, (None, None))
        fits = type(value) in allowed or (isinstance(value, allowed) and not isinstance(value, bool))
        if not fits or (holds is not None and value is not None and not holds(value)):
            types = " or ".join(t.__name__ for t in allowed if t is not type(None))
            raise Mistake(f"{name} must be {rule or types}, but got {value!r}.")


def _check_names(recipe: Recipe) -> None:
    for name, allowed in NAMES.items():
        value = getattr(recipe, name)
        if value is not None and value not in allowed:
            raise unknown(name, value, allowed)
    if recipe.loss not in LOSSES:
        own_function("loss", recipe.loss, LOSSES)
    check_options(recipe.model, builder_of(recipe.model), Options(recipe.options), FIELDS)
    if recipe.augmentation is not None:
        own_function("augmentation", recipe.augmentation)
    check_dataset_name(recipe.dataset)


def _check_knobs(recipe: Recipe) -> None:
    """No knob may be set that what it belongs to would ignore."""
    for owner, builder in recipe.owners().items():
        taken = defaults_of(builder)
        for knob in KNOBS[owner]:
            value = getattr(recipe, knob)
            if value is not None and knob not in taken:
                allowed = f"It takes: {', '.join(taken)}." if taken else "It takes no options."
                raise Mistake(f"{knob}={value!r} would be ignored by {owner} {getattr(recipe, owner)!r}. {allowed}")
    if recipe.model in ZOO and "dropout_at" in (defaults := defaults_of(ZOO[recipe.model])):
        options = {**defaults, **recipe.built_with()}
        check_dropout_at(options["norm"], options["dropout"], options["dropout_at"])
    if (smoothing := recipe.label_smoothing) and recipe.loss != "cross_entropy":
        raise Mistake(
            f"label_smoothing={smoothing} would be ignored by loss {recipe.loss!r}; only cross_entropy takes it."
        )
