"""A study's spec as its parent run carries it: what was asked, planned and said.

It is read from MLflow, not from the study file: results stay readable when the file changes later, or is gone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from studies.engine import schema
from studies.engine.schema import Claim

Fields = Mapping[str, Any]  # recipe fields and their values

# Fields in which a trial must agree with the plan, unless its arm sets them or its search tunes them. The options of
# models, optimisers and schedules are not among them: an arm that changes the model has other defaults than the base.
COMPARED = (
    "dataset", "image_size", "train_size", "validation", "model", "optimizer", "lr", "weight_decay", "l1", "schedule",
    "loss", "label_smoothing", "crop", "flip", "erasing", "batch_size", "epochs",
)  # fmt: skip


@dataclass(frozen=True)
class Spec:
    name: str
    question: str
    scale: str
    dataset: Mapping[str, Any]
    base: Fields
    arms: Mapping[str, Fields]
    baseline: str
    tuned_arms: Mapping[str, Fields]
    tuned_baseline: str | None
    tuned_of: Mapping[str, str]
    tune: Mapping[str, Mapping[str, Mapping[str, Any]]]
    seeds: tuple[int, ...]
    confirm_seeds: tuple[int, ...]
    trials_per_arm: int
    reported: Mapping[str, Mapping[str, float | Sequence[float]]]
    claims: tuple[Claim, ...]
    margin: float
    table: Mapping[str, str] | None
    chosen_in: Mapping[str, str] = field(default_factory=dict)  # by arm, the study that its setting was chosen in
    smaller: Fields = field(default_factory=dict)  # what the scale changed in the base recipe

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> "Spec":
        """The spec in the tags of a parent run; a ValueError where it is cut short or of another version."""
        try:
            spec = schema.spec_from_tags(tags)
            spec |= {**spec["budget"], "claims": [Claim(**_fixed(claim)) for claim in spec["claims"]]}
            return cls(**_fixed({field.name: spec[field.name] for field in fields(cls) if field.name in spec}))
        except (ValueError, KeyError, TypeError) as error:
            study, scale = tags.get(schema.STUDY), tags.get(schema.SCALE)
            raise ValueError(
                f"the spec of study {study!r} at scale {scale!r} cannot be read from its tags ({error!r}).\n"
                "hint: run the study again: what is done is kept, and the spec is written anew."
            ) from None

    @property
    def chance(self) -> float:
        """The accuracy of guessing, in percent."""
        return 100 / int(self.dataset["classes"])

    @property
    def learned(self) -> float:
        """Above it something was learned: twice chance, or with few classes half-way from chance to perfect."""
        return min(2 * self.chance, (100 + self.chance) / 2)

    @property
    def resolution(self) -> float:
        """Points of accuracy that one test image is worth."""
        return 100 / int(self.dataset["test"])

    def arms_of(self, stage: str) -> Mapping[str, Fields]:
        return self.arms if stage == "reported" else self.tuned_arms

    def every_arm(self) -> list[str]:
        """Also the tuned arms that stand for several."""
        return list(dict.fromkeys([*self.arms, *self.tuned_arms]))

    def seeds_of(self, stage: str) -> tuple[int, ...]:
        return self.seeds if stage == "reported" else self.confirm_seeds

    def baseline_of(self, stage: str) -> str | None:
        return self.baseline if stage == "reported" else self.tuned_baseline

    def search_of(self, arm: str) -> int:
        """How many trials the search of an arm is to have: no more than there are settings to try."""
        spaces = self.tune[arm].values()
        settings = math.prod(len(space["choices"]) if "choices" in space else math.inf for space in spaces)
        return int(min(self.trials_per_arm, settings))

    def setting(self, arm: str, stage: str) -> dict[str, Any]:
        """What a trial of the arm must agree with, but for what its search was free to choose."""
        own = self.arms_of(stage)[arm]
        free = {*self.tune.get(arm, {})} if stage != "reported" else set()
        free |= {"epochs"} & own.keys()  # an arm's own epochs shrink with the scale
        free |= {name for name, value in own.items() if value is None}  # what the model or optimiser has by default
        fixed = {**{name: self.base[name] for name in COMPARED if name in self.base}, **own}
        return {name: value for name, value in fixed.items() if name not in free}


def _fixed(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON made tuples lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
