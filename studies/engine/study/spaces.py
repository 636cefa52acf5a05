"""Tune spaces: what may be tuned, the ends of a range, and whether two spaces, or two recipes, come to the same."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from optuna.distributions import CategoricalDistribution

from cnnzoo import Recipe
from cnnzoo.mistake import Mistake
from cnnzoo.recipe import FIELDS
from cnnzoo.spelling import nearest
from search_spaces import Distribution, Space

MOST_CORNERS = 1000  # a twentieth of a second

# Never tuned: what is compared on.
FIXED = (
    "dataset", "image_size", "train_size", "validation", "epochs", "precision", "testing", "landscape", "options", "seed",
)  # fmt: skip


def check_space(space: Space, recipe: Recipe, what: str) -> None:
    """Refuse a tune space over what is no recipe field, over what must be held fixed, or with values a recipe refuses."""
    for name, distribution in space.items():
        if name not in FIELDS:
            raise Mistake(
                f"{what} names {name!r}, which is no recipe field{nearest(name, FIELDS)} Fields: {', '.join(FIELDS)}."
            )
        if name in FIXED:
            raise Mistake(
                f"{what} names {name!r}, which must be the same for every trial. Not tunable: {', '.join(FIXED)}."
            )
        if not isinstance(distribution, Distribution):
            raise Mistake(f"{what}: {name} must be a distribution of Optuna, but got {distribution!r}.")
        for value in extremes(distribution):
            if isinstance(value, list):
                raise Mistake(f"{what}: {name} has the list {value!r} as a choice; write {tuple(value)!r}.")
    for corner in _corners([extremes(distribution) for distribution in space.values()]):
        setting = dict(zip(space, corner, strict=True))
        try:
            recipe.replace(**setting)
        except Mistake as error:
            raise Mistake(f"{what} reaches {spelled(setting)}: {error}") from None


def _corners(ends: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    """Every combination of the ends; of a large space so many at random, in which two values that clash do meet."""
    if math.prod(map(len, ends)) <= MOST_CORNERS:
        return product(*ends)
    dice = random.Random(0)  # noqa: S311 -- nothing secret
    return ([dice.choice(of_one) for of_one in ends] for _ in range(MOST_CORNERS))


def spelled(setting: Mapping[str, Any]) -> str:
    """`loss='bce', lr=0.01`."""
    return ", ".join(f"{name}={value!r}" for name, value in setting.items())


def extremes(distribution: Distribution) -> Sequence[Any]:
    """The ends of a range, or every choice."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    return (distribution.low, distribution.high)


def overlap(one: Distribution, other: Distribution) -> bool:
    """Whether there is a value that both may suggest. Two ranges are compared by their ends, whatever their steps."""
    if isinstance(one, CategoricalDistribution):
        return any(contains(other, value) for value in one.choices)
    if isinstance(other, CategoricalDistribution):
        return overlap(other, one)
    return max(one.low, other.low) <= min(one.high, other.high)


def contains(distribution: Distribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    return value is not None and distribution._contains(value)


def check_distinct(recipes: Mapping[str, Recipe], where: str) -> None:
    """Refuse two arms with the same recipe."""
    seen: dict[Recipe, str] = {}
    for name, recipe in recipes.items():
        if (other := seen.setdefault(recipe, name)) != name:
            raise Mistake(f"arms {other!r} and {name!r} have the same recipe {where}; make them differ.")
