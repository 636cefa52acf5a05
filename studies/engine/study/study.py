"""A study: a question, the arms that answer it, and everything needed to answer it fairly. One value, checked whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from cnnzoo import Recipe
from cnnzoo.data.sources import FOLDER
from cnnzoo.mistake import Mistake
from cnnzoo.nets.own_options import Options
from cnnzoo.recipe import reject_unknown
from cnnzoo.spelling import nearest, says_what_it_takes, unknown
from search_spaces import Space
from studies.engine.schema import JUDGED_BY
from studies.engine.study.assertions import METRICS
from studies.engine.study.budget import Budget, Scale
from studies.engine.study.claims import Claim
from studies.engine.study.spaces import check_distinct, check_space

Figure = float | tuple[float, float]  # of a report: a value, or a range where it was read off a curve
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, init=False)
class Arm:
    """One of the things compared: the recipe fields in which it differs from the study's base recipe.

    ``Arm(activation="mish")``; with a tune space of its own: ``Arm(optimizer="adam", tune=adam.LEARNING_RATE)``.
    ``Arm(model="alexnet", chosen_in=OTHER_STUDY)`` takes over the setting of the arm that did best there on validation data.
    """

    changes: Mapping[str, Any]
    tune: Space | None
    chosen_in: "Study | None"
    labels: Mapping[str, str]  # by field, what a grid calls its value

    def __init__(self, *, tune: Space | None = None, chosen_in: "Study | None" = None, **changes: Any) -> None:
        reject_unknown(changes)
        Options(changes.get("options", ()))  # refuses what cannot be
        vars(self).update(changes=changes, tune=tune, chosen_in=chosen_in, labels={})

    @classmethod
    def of_a_grid(cls, changes: Mapping[str, Any], labels: Mapping[str, str]) -> "Arm":
        arm = cls(**changes)
        vars(arm).update(labels=labels)
        return arm

    def __repr__(self) -> str:
        given = {"tune": self.tune, "chosen_in": self.chosen_in and self.chosen_in.name}
        parts = {**self.changes, **{name: value for name, value in given.items() if value is not None}}
        return f"Arm({', '.join(f'{name}={value!r}' for name, value in parts.items())})"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question, the arms that answer it, and what it takes to answer it fairly. Checked whole when it is made."""

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
        self._check_kinds()
        if not NAME.fullmatch(self.name):
            raise Mistake(
                f"study name {self.name!r} must be 1 to 80 letters, digits, '.', '_' or '-', and begin with a letter or digit."
            )
        if not self.arms:
            raise Mistake(f"study {self.name!r} has no arms; give at least one.")
        self._check_arm_names([self.baseline], "baseline")
        self._check_arm_names(self.reported, "reported")
        self._check_arm_names([arm for c in self.claims for arm in (*c.arms, *c.than)], "claims")
        for name in self.reported:
            self._check_figures(name)
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

    def run(
        self,
        *,
        scale: str | None = None,
        dataset: str | None = None,
        data_dir: str = "data",
        arms: Sequence[str] | None = None,
        seeds: int | None = None,
        decide: bool = False,
        at_most: int | None = None,
        trials: int | None = None,
        only: str | None = None,
        gpus_per_trial: float | str | None = None,
        in_process: bool = False,
    ) -> dict[str, int]:
        """Run the study from a notebook or a script, or go on where it stopped. The options are those of the command line.

        Returns how many trials ended in which way; ``analysis.load(study.name)`` has what came out.
        """
        asked = {name: value for name, value in locals().items() if name != "self"}
        # The one call upward, and only when it is made: a study that is stated loads nothing of what runs it.
        return dict(import_module("studies.engine.terminal.cli").run_here(self, asked))

    def changes_at(self, scale: str) -> Mapping[str, Any]:
        """The recipe fields that change at this scale; at `report` nothing does."""
        if scale == "report":
            return {}
        smaller: Scale = getattr(self, scale)
        return {**smaller.changes, **({} if self.base.dataset.startswith(FOLDER) else smaller.data)}

    def budget_at(self, scale: str) -> Budget:
        """What every arm gets at this scale."""
        return self.budget if scale == "report" else replace(self.budget, **getattr(self, scale).budget)

    def recipe(self, arm: str, scale: str) -> Recipe:
        """The recipe of an arm as the report had it, at a scale. An arm's own epochs shrink as the base's do."""
        smaller = self.changes_at(scale)
        changes = dict(self.arms[arm].changes)
        if "epochs" in changes and "epochs" in smaller:
            changes["epochs"] = max(1, round(changes["epochs"] * smaller["epochs"] / self.base.epochs))
        if "options" in changes:
            changes["options"] = {**self.base.options, **Options(changes["options"])}
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

    def named_stage(self, stage: str) -> str:
        """As a person says it; where no report gave figures, arms are as they were set."""
        return {"reported": "as reported" if self.reported else "as set", "confirm": "tuned"}.get(stage, stage)

    def _check_kinds(self) -> None:
        """A value of another kind would fail somewhere later, with words that help nobody."""
        for name, (kind, what) in KINDS.items():
            if not isinstance(value := getattr(self, name), kind):
                raise Mistake(f"{name} must be {what}, but got {value!r}.")
        for name, arm in self.arms.items():
            if not isinstance(arm, Arm):
                raise Mistake(f"arm {name!r} must be Arm(...), with the recipe fields it changes, but got {arm!r}.")
            if not isinstance(arm.tune, Mapping | None):
                raise Mistake(f"arm {name!r}: tune must be {KINDS['tune'][1]}, but got {arm.tune!r}.")
            if not isinstance(arm.chosen_in, Study | None):
                raise Mistake(f"arm {name!r}: chosen_in must be a Study, but got {arm.chosen_in!r}.")
            if not isinstance(name, str) or not name.strip() or not name.isprintable():
                raise Mistake(f"the name of an arm must be a line of plain text, but got {name!r}.")
        for claim in self.claims:
            if not isinstance(claim, Claim):
                raise Mistake(f"claims must be made with claim(...), but one is {claim!r}.")

    def _check_figures(self, arm: str) -> None:
        for metric, figure in self.figures(arm).items():
            if metric not in METRICS:
                raise unknown("metric", metric, METRICS)
            ends = figure if isinstance(figure, tuple | list) and len(figure) == 2 else (figure,)
            if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
                raise Mistake(
                    f"reported {metric} of arm {arm!r} must be a number, or a range as (from, to), but got {figure!r}; "
                    "accuracies are percentages: 99.1."
                )

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
            if factor == "options":
                raise Mistake("rows and columns must be fields with one value, but options have several: name another.")
            for name, arm in self.arms.items():
                if factor not in arm.changes:
                    raise Mistake(f"the table has a factor {factor!r}, but arm {name!r} does not set it.")

    def _check_no_validation_is_needed(self) -> None:
        for claim in self.claims:
            if claim.metric.startswith("val/") or (claim.at is not None and claim.metric.startswith("test/")):
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


KINDS: Mapping[str, tuple[Any, str]] = {
    "name": (str, "a text"),
    "question": (str, "a text"),
    "base": (Recipe, "Recipe(...)"),
    "arms": (Mapping, "a mapping from names to Arm(...)"),
    "baseline": (str, "the name of an arm"),
    "tune": (Mapping, "a mapping from recipe fields to distributions of Optuna"),
    "budget": (Budget, "Budget(...)"),
    "reported": (Mapping, "a mapping from names of arms to what was reported of them"),
    "claims": (Sequence, "a list of claim(...)"),
    "rows": (str | None, "a recipe field"),
    "columns": (str | None, "a recipe field"),
    "margin": (int | float, "a number"),
    "demo": (Scale, "Scale(...)"),
    "smoke": (Scale, "Scale(...)"),
}
Study.__init__ = says_what_it_takes(Study.__init__)  # type: ignore[method-assign]
