"""A study's spec as the book has it: what was asked, planned and said.

It is read from the book, not from the study file: results stay readable when the file changes later, or is gone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from cnnzoo.mistake import Mistake
from studies.engine import schema
from studies.engine.study.assertions import POINTS
from studies.engine.study.claims import Claim, from_json
from studies.engine.study.error_budget import shares

FORMAT = 2  # of the book, up to which it can be read
JUDGED_STAGES = ("reported", "confirm")
Fields = Mapping[str, Any]  # recipe fields and their values


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
    origin: Mapping[str, str] = field(default_factory=dict)  # of the last start: commit, versions
    declared: Mapping[str, Any] = field(default_factory=dict)  # since when what is judged is as it is now
    early_stopping: Mapping[str, int] | None = None  # of the candidates of a search
    searches: int = 1  # repetitions of each arm's search
    runoff_seeds: tuple[int, ...] = ()  # that the best candidates are scored on again, before one is chosen
    first_look: int | None = None  # seeds at the first verdicts; None: all that are planned
    at_most: int | None = None  # seeds at the last ones
    more_seeds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by stage and arm: they had to decide

    @classmethod
    def from_json(cls, spec: Mapping[str, Any], study: str) -> "Spec":
        """The spec in ``spec.json``; a Mistake where it is of another version. ``study`` names it in the message."""
        if spec.get("format", 0) > FORMAT:
            newer = f"a newer version of cnn-studies (format {spec['format']})"
            raise Mistake(f"{study} was written by {newer}: update yours.")
        try:
            known = {**spec, **spec["budget"], "claims": [from_json(claim) for claim in spec["claims"]]}
            return cls(**{field.name: fixed(known[field.name]) for field in fields(cls) if field.name in known})
        except (KeyError, TypeError) as error:
            again = "Run the study again: it is written anew."
            raise Mistake(f"the spec of {study} cannot be read ({error!r}). {again}") from None

    @property
    def is_smoke(self) -> bool:
        """At smoke everything runs for seconds, to see that it runs: nothing is compared."""
        return self.scale == "smoke"

    def named_stage(self, stage: str) -> str:
        """What a stage that is judged is called; where no report gave figures, arms are as they were set."""
        return "tuned" if stage == "confirm" else "as reported" if self.reported else "as set"

    @property
    def chance(self) -> float:
        """The accuracy of guessing, in percent."""
        return 100 / int(self.dataset["classes"])

    @property
    def learned(self) -> float:
        """Above it something was learned: twice chance, or with few classes half-way from chance to perfect."""
        return min(2 * self.chance, (100 + self.chance) / 2)

    def resolution_of(self, metric: str) -> float:
        """Points of accuracy that one image is worth; 0 for what is not counted in images, or where there are none."""
        part = {"test": "test", "val": "validation", "train": "train", schema.GAP: "test"}.get(metric.partition("/")[0])
        return 100 / int(self.dataset[part]) if part and metric in POINTS and self.dataset[part] else 0.0

    @property
    def shares(self) -> dict[int, float]:
        """The looks at which verdicts are given, and what each may spend of the 5 % of false words."""
        first = self.first_look or len(self.seeds)
        return shares(first, max(first, self.at_most or 0))

    def arms_of(self, stage: str) -> Mapping[str, Fields]:
        return self.arms if stage == "reported" else self.tuned_arms

    def every_arm(self) -> list[str]:
        """Also the tuned arms that stand for several."""
        return list(dict.fromkeys([*self.arms, *self.tuned_arms]))

    def seeds_of(self, stage: str, arm: str) -> tuple[int, ...]:
        """The seeds of an arm: those planned for every arm, and more where undecided questions needed them."""
        most = max(len(self.seeds), self.more_seeds.get(stage, {}).get(arm, 0))
        return tuple(start + k for start in self.first_seeds_of(stage) for k in range(most))

    def first_seeds_of(self, stage: str) -> tuple[int, ...]:
        """The first seed; where searches are repeated, that of each of them."""
        if stage == "reported":
            return self.seeds[:1]
        return self.confirm_seeds[:: max(1, len(self.confirm_seeds) // self.searches)]

    def repeats(self, stage: str) -> bool:
        """Whether an arm's seeds come from several searches, each of which counts once."""
        return stage == "confirm" and self.searches > 1

    def baseline_of(self, stage: str) -> str | None:
        return self.baseline if stage == "reported" else self.tuned_baseline

    def search_of(self, arm: str) -> int:
        """How many trials the search of an arm is to have: no more than there are settings to try."""
        spaces = self.tune[arm].values()
        settings = math.prod(len(space["choices"]) if "choices" in space else math.inf for space in spaces)
        return int(min(self.trials_per_arm, settings))


def fixed(value: Any) -> Any:
    """A value that can be a key: JSON made tuples lists."""
    return tuple(value) if isinstance(value, list) else value
