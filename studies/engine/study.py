"""A study: a question, the arms that answer it, and everything needed to answer it fairly. One value, checked whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import CategoricalDistribution

from cnnzoo import Recipe
from cnnzoo.mistake import Mistake
from cnnzoo.recipe import FIELDS, reject_unknown
from cnnzoo.spelling import nearest, says_what_it_takes, unknown
from search_spaces import Distribution, Space
from studies.engine.arms import Arm
from studies.engine.budget import Budget, Scale
from studies.engine.declared.assertions import METRICS
from studies.engine.declared.claims import Claim
from studies.engine.schema import JUDGED_BY

Figure = float | tuple[float, float]  # of a report: a value, or a range where it was read off a curve
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
# Never tuned: what is compared on.
FIXED = ("dataset", "image_size", "train_size", "validation", "epochs", "precision", "landscape", "seed")


@dataclass(frozen=True, kw_only=True)
class Study:
    name: str
    question: str
    base: Recipe
    arms: Mapping[str, Arm]
    baseline: str
    tune: Space = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    reported: Mapping[str, Figure | Mapping[str, Figure]] = field(default_factory=dict)
    claims: Sequence[Claim] = ()
    rows: str | None = None  # the two factors of a table that is a grid; None: a row an arm
    columns: str | None = None
    margin: float = 0.5  # points of accuracy below which a difference is of no practical matter
    demo: Scale = field(default_factory=Scale.demo)
    smoke: Scale = field(default_factory=Scale.smoke)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise Mistake(
                f"study name {self.name!r} must be 1 to 80 letters, digits, '.', '_' or '-', and begin with a letter or digit."
            )
        if not self.arms:
            raise Mistake(f"study {self.name!r} has no arms; give at least one.")
        self._check_arm_names([self.baseline], "baseline")
        self._check_arm_names(self.reported, "reported")
        self._check_arm_names([arm for c in self.claims for arm in (*c.arms, *c.than)], "claims")
        for metric in (m for figures in self.reported.values() if isinstance(figures, Mapping) for m in figures):
            if metric not in METRICS:
                raise unknown("metric", metric, METRICS)
        if not 0 < self.margin < 100:
            raise Mistake(f"margin must be above 0 points and below 100, but got {self.margin}.")
        self._check_table()
        for scale in ("report", "demo", "smoke"):
            self._check_recipes(scale)
        if self.base.validation == 0:
            self._check_no_validation_is_needed()
        self._check_sources()
        for name, arm in self.arms.items():
            check_space(self.space_of(arm), self.recipe(name, "report"), f"arm {name!r}: tune")

    def scale(self, name: str) -> Scale:
        """What changes at this scale; at `report` nothing does."""
        whole = Scale(seeds=self.budget.seeds, trials_per_arm=self.budget.trials_per_arm)
        return {"report": whole, "demo": self.demo, "smoke": self.smoke}[name]

    def recipe(self, arm: str, scale: str) -> Recipe:
        """The recipe of an arm as the report had it, at a scale. An arm's own epochs shrink as the base's do."""
        smaller = self.scale(scale).changes
        changes = dict(self.arms[arm].changes)
        if "epochs" in changes and "epochs" in smaller:
            changes["epochs"] = max(1, round(changes["epochs"] * smaller["epochs"] / self.base.epochs))
        return self.base.replace(**{**smaller, **changes})

    def sources(self) -> list["Study"]:
        """The studies that chose the setting of an arm of this one."""
        return [arm.chosen_in for arm in self.arms.values() if arm.chosen_in is not None]

    def space_of(self, arm: Arm) -> Space:
        return self.tune if arm.tune is None else arm.tune

    def figures(self, arm: str) -> Mapping[str, Figure]:
        """What the report said of an arm, by metric; a bare number is its test accuracy."""
        said = self.reported.get(arm, {})
        return said if isinstance(said, Mapping) else {JUDGED_BY: said}

    def _check_arm_names(self, names: Sequence[str] | Mapping[str, Any], what: str) -> None:
        for name in names:
            if name not in self.arms:
                raise Mistake(
                    f"{what} names {name!r}, which is no arm{nearest(name, self.arms)} The arms: {', '.join(self.arms)}."
                )

    def _check_table(self) -> None:
        if (self.rows is None) != (self.columns is None):
            raise Mistake(f"a table of two factors needs both: rows={self.rows!r}, columns={self.columns!r}.")
        for factor in filter(None, (self.rows, self.columns)):
            reject_unknown([factor])
            for name, arm in self.arms.items():
                if factor not in arm.changes:
                    raise Mistake(f"the table has a factor {factor!r}, but arm {name!r} does not set it.")

    def _check_no_validation_is_needed(self) -> None:
        if any(self.space_of(arm) for arm in self.arms.values()):
            raise Mistake("a study that tunes needs validation data to choose by: validation must be above 0.")
        for claim in self.claims:
            if claim.metric.startswith("val/") or (claim.at is not None and claim.metric == JUDGED_BY):
                raise Mistake(f"claim {claim.text!r} is about validation data, but validation is 0.")

    def _check_sources(self) -> None:
        for source in self.sources():
            if source.base.validation == 0:
                raise Mistake(
                    f"study {source.name!r} has no validation data, so it can choose no setting for {self.name!r}."
                )
            if source.sources():
                raise Mistake(
                    f"study {source.name!r} takes settings from other studies itself, so it can choose none for {self.name!r}."
                )

    def _check_recipes(self, scale: str) -> None:
        recipes = {}
        for name in self.arms:
            try:
                recipes[name] = self.recipe(name, scale).resolved()
            except Mistake as error:
                raise Mistake(f"arm {name!r} at scale {scale}: {error}") from None
            if seed := recipes[name].seed:
                raise Mistake(f"arm {name!r}: leave out seed={seed}; every arm has the seeds of Budget(seeds=...).")
        check_distinct(recipes, f"at scale {scale}")


Study.__init__ = says_what_it_takes(Study.__init__)  # type: ignore[method-assign]


def check_distinct(recipes: Mapping[str, Recipe], where: str) -> None:
    """Refuse two arms with the same recipe."""
    seen: dict[Recipe, str] = {}
    for name, recipe in recipes.items():
        if (other := seen.setdefault(recipe, name)) != name:
            raise Mistake(f"arms {other!r} and {name!r} have the same recipe {where}; make them differ.")


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
            try:
                recipe.replace(**{name: value})
            except Mistake as error:
                raise Mistake(f"{what} reaches {name}={value!r}: {error}") from None


def extremes(distribution: Distribution) -> Sequence[Any]:
    """The ends of a range, or every choice."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    return (distribution.low, distribution.high)
