"""What a study at a scale comes to: the trials of each stage, each known by its signature."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from optuna.distributions import CategoricalDistribution

from cnnzoo import Recipe
from cnnzoo.mistake import Mistake
from search_spaces import Distribution, Space
from studies.engine.study.budget import AFTER_CHOICE, Budget
from studies.engine.study.grid import SEPARATOR, short
from studies.engine.study.spaces import overlap
from studies.engine.study.study import Arm, Study

# Goes up when a change of the code makes the same recipe train to another result: old trials are then not taken for new ones.
TRAINING_VERSION = 1
HELD_OUT = 0.1  # of the training images, by a search whose report held none out


@dataclass(frozen=True)
class Trial:
    """One training: `search` says which of the arm's searches it belongs to, `number` which candidate of it this is."""

    arm: str
    stage: str
    recipe: Recipe
    signature: str = ""  # until the plan has signed it
    search: int | None = None
    number: int | None = None
    tuned: tuple[str, ...] = ()

    @property
    def tested(self) -> bool:
        """Whether it is scored on the test set: what takes part in a choice is not."""
        return self.stage in ("reported", "confirm")

    @property
    def name(self) -> str:
        """As a person finds it: `bn · lr 2e-3 · seed 1`, `bn · search 4 · lr 3.16e-3`, `bn · runoff 4 · seed 201`."""
        if self.stage == "search":
            setting = [f"{name} {short(getattr(self.recipe, name))}" for name in self.tuned]
            repeat = f" (repeat {self.search})" if self.search != 1 else ""
            return SEPARATOR.join([self.arm, f"search {self.number}{repeat}", *setting])
        stage = {"reported": [], "runoff": [f"runoff {self.number}"], "confirm": ["confirm"]}[self.stage]
        return SEPARATOR.join([self.arm, *stage, f"seed {self.recipe.seed}"])


@dataclass(frozen=True)
class TunedArm:
    """An arm of the search.

    If a factor of the grid is tuned, the arms that differ only in it become one: `bn · lr 2e-3` and `bn · lr 1e-4`
    become `bn`.
    """

    name: str
    base: Recipe
    space: Space
    stands_for: tuple[str, ...]
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    study: Study
    scale: str
    budget: Budget
    base: Recipe
    arms: Mapping[str, Recipe]  # as reported, at this scale: all of them
    tuned: Mapping[str, TunedArm]  # all of them, too; empty where nothing is tuned
    digest_of: Callable[[Recipe], str]  # of the data that a recipe trains on
    wanted: frozenset[str]  # the arms that this start of the study is about
    only: str | None = None  # reported, tuned, or both
    more_seeds: Mapping[tuple[str, str], int] = field(default_factory=dict)  # than the budget's, by stage and arm
    _made: dict[tuple[Any, ...], Trial] = field(default_factory=dict, compare=False, repr=False)

    def reported(self) -> list[Trial]:
        return [self.as_reported(arm, seed) for arm, seed in self.reported_runs()]

    def reported_runs(self) -> list[tuple[str, int]]:
        """Arm and seed of what is trained as reported; seed by seed, so that a study cut short has compared like with like."""
        seeds = {arm: self.reported_seeds(self.seeds("reported", arm)) for arm in self.compared()}
        every = sorted({seed for own in seeds.values() for seed in own})
        return [(arm, seed) for seed in every for arm, own in seeds.items() if seed in own]

    def reported_seeds(self, count: int) -> range:
        """So many seeds of an arm as reported; none on which another study has chosen a setting that is compared here."""
        first = AFTER_CHOICE if self.study.sources() else 1
        return range(first, first + count)

    def with_seeds(self, more: Mapping[tuple[str, str], int]) -> "Plan":
        return replace(self, more_seeds={**self.more_seeds, **more})

    def seeds(self, stage: str, arm: str) -> int:
        """On how many seeds an arm is trained as reported, or the choice of each of its searches confirmed."""
        return max(self.budget.seeds, self.more_seeds.get((stage, arm), 0))

    def compared(self) -> list[str]:
        """The arms that are to be trained as reported."""
        return [arm for arm in self.arms if arm in self.wanted and self.only != "tuned"]

    def searched(self) -> list[TunedArm]:
        """The arms that are to be tuned."""
        return [arm for arm in self.tuned.values() if self.wanted & set(arm.stands_for) and self.only != "reported"]

    def as_reported(self, arm: str, seed: int) -> Trial:
        return self._signed(Trial(arm, "reported", self.arms[arm]), {"seed": seed})

    def candidate(self, arm: str, search: int, number: int, setting: Mapping[str, Any]) -> Trial:
        tuned = self.tuned[arm]
        bare = Trial(arm, "search", tuned.base, search=search, number=number, tuned=tuple(tuned.space))
        return self._signed(bare, {"seed": self.budget.search_seed(search), **setting})

    def runoff(self, candidate: Trial, seed: int) -> Trial:
        """One of the best candidates on one of the seeds that it is scored on again."""
        return self._signed(replace(candidate, stage="runoff"), {"seed": seed})

    def confirm(self, chosen: Trial) -> list[Trial]:
        """The chosen setting of an arm on seeds that took no part in choosing it."""
        assert chosen.search is not None
        seeds = (self.budget.confirm_seed(chosen.search, k + 1) for k in range(self.seeds("confirm", chosen.arm)))
        bare = replace(chosen, stage="confirm", number=None, tuned=())
        return [self._signed(bare, {"seed": seed}) for seed in seeds]

    def _signed(self, bare: Trial, changes: Mapping[str, Any]) -> Trial:
        """The trial on the changed recipe; kept, as a start asks for each several times, and to make and sign a recipe takes time."""
        key = (bare, *changes.values())
        if (trial := self._made.get(key)) is None:
            recipe = bare.recipe.replace(**changes)
            signed = signature(recipe, self.digest_of(recipe))
            trial = self._made[key] = replace(bare, recipe=recipe, signature=signed)
        return trial

    @property
    def smaller(self) -> dict[str, Any]:
        """The recipe fields in which the base differs from the report's, because of the scale, with their values."""
        fields = self.study.changes_at(self.scale)
        changed = {name: getattr(self.base, name) for name in fields}
        return {name: value for name, value in changed.items() if value != getattr(self.study.base, name)}

    @property
    def tuned_of(self) -> dict[str, str]:
        """By reported arm, the arm of the search that stands for it."""
        return {arm: tuned.name for tuned in self.tuned.values() for arm in tuned.stands_for}


def signature(recipe: Recipe, data_digest: str) -> str:
    """What a trial is known by: a hash of all that determines its result."""
    trained = {"recipe": recipe.resolved().to_json(), "data": data_digest, "training": TRAINING_VERSION}
    identity = trained | recipe.sources()
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def tuned_arms(study: Study, recipes: Mapping[str, Recipe]) -> dict[str, TunedArm]:
    """The arms of the search, of those reported arms that have anything to tune.

    Where a factor is tuned away, the first of the arms that fall together lends its value as the first candidate.
    A report that trained on all images left none to choose by: the search, and what confirms it, hold a tenth out.
    """
    groups: dict[str, TunedArm] = {}
    for name, recipe in recipes.items():
        arm = study.arms[name]
        space = study.space_of(arm)
        if space:
            label = _name_without(name, arm, space)
            kept = {field: value for field, value in arm.changes.items() if field not in space}
            base = recipe.replace(validation=HELD_OUT) if recipe.validation == 0 else recipe
            first = groups.get(label, TunedArm(label, base, space, (), kept))
            groups[label] = replace(first, stands_for=(*first.stands_for, name))
    _check_each_has_its_own_search(groups)
    return groups


def _check_each_has_its_own_search(arms: Mapping[str, TunedArm]) -> None:
    """A candidate of two searches would be one trial that belongs to two arms."""
    for one, other in combinations(arms.values(), 2):
        tuned = {**one.space, **other.space}
        differ = {field for field, _ in vars(one.base).items() ^ vars(other.base).items()}
        if differ <= tuned.keys() and all(overlap(_reach(one, field), _reach(other, field)) for field in tuned):
            raise Mistake(
                f"arms {one.name!r} and {other.name!r} differ only in what is tuned ({', '.join(tuned)}) and could be tuned to the same "
                "recipe: make them with grid(), which tunes a factor away, keep one's value out of the other's space, or give no tune."
            )


def _reach(arm: TunedArm, field: str) -> Distribution:
    return arm.space.get(field) or CategoricalDistribution((getattr(arm.base, field),))


def _name_without(name: str, arm: Arm, space: Space) -> str:
    if arm.labels and set(arm.changes) & set(space):
        return SEPARATOR.join(label for field, label in arm.labels.items() if field not in space) or "tuned"
    return name
