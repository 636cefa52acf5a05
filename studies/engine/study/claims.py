"""A sentence of a report that trials can support or contradict: a class a kind. It holds if all its assertions do; the judge
knows the assertions, and nothing of the kinds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from itertools import combinations
from typing import Any, ClassVar, Self

from cnnzoo.mistake import Mistake
from cnnzoo.spelling import says_what_it_takes, unknown
from studies.engine.schema import EPOCH_METRICS, JUDGED_BY, STEP_METRICS
from studies.engine.study.assertions import (
    BEFORE_THE_END,
    METRICS,
    POINTS,
    Above,
    Assertion,
    Mixed,
    Narrower,
    Share,
    Within,
    each_above,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Claim(ABC):
    text: str
    arms: tuple[str, ...]
    than: tuple[str, ...] = ()
    metric: str = JUDGED_BY
    at: float | None = None

    kind: ClassVar[str]
    needs_than: ClassVar[bool] = False
    takes_at: ClassVar[bool] = True
    of_each: ClassVar[bool] = False  # says the same of each arm: what falls together may be named once

    @abstractmethod
    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        """All that has to hold; ``every_arm`` are the arms of the study."""

    def check(self) -> None:
        if self.metric not in METRICS:
            raise unknown("metric", self.metric, METRICS)
        if bool(self.than) != self.needs_than:
            kinds = ", ".join(f"{name}=..." for name, kind in KINDS.items() if kind.needs_than)
            raise Mistake(f"claim {self.text!r}: `than` belongs to {kinds}, which need it.")
        all_alike = self.of_each or {*self.arms} == {*self.than}  # bands, and differences, may share some arms
        both = {*self.arms} & {*self.than} if all_alike else ()
        if twice := [a for group in (self.arms, self.than) for a in group if group.count(a) > 1 or a in both]:
            raise Mistake(f"claim {self.text!r}: name {twice[0]!r} once, as an arm cannot be compared with itself.")
        if self.at is not None and not 0 < self.at <= 1:
            raise Mistake(
                f"claim {self.text!r}: `at` is a share of the epochs, above 0 and at most 1, but got {self.at}."
            )
        if self.at is not None and not (self.takes_at and self.metric in BEFORE_THE_END):
            raise Mistake(
                f"claim {self.text!r}: `at` needs a metric by epoch or of the test set, not a band, but got {self.kind} on {self.metric!r}."
            )

    def renamed(self, names: Mapping[str, str]) -> Self | None:
        """The same claim of arms that have other names; None where arms of which it says different things fall together."""
        arms, than = (tuple(dict.fromkeys(names[arm] for arm in group)) for group in (self.arms, self.than))
        fewer = len(arms) + len(than) < len(self.arms) + len(self.than)
        return None if {*arms} & {*than} or (fewer and not self.of_each) else replace(self, arms=arms, than=than)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


class Better(Claim):
    kind, needs_than, of_each = "better", True, True

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return each_above(self.arms, self.than, self.metric)


class Best(Claim):
    kind, of_each = "best", True

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return each_above(self.arms, [arm for arm in every_arm if arm not in self.arms], self.metric)


@dataclass(frozen=True, kw_only=True)
class NearBest(Claim):
    kind = "near_best"
    within: float

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return tuple(
            replace(above, bound=-self.within)
            for arm in self.arms
            for above in each_above([arm], [other for other in every_arm if other != arm], self.metric)
        )


class Equal(Claim):
    kind = "equal"

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return tuple(Within((a,), (b,)) for a, b in combinations(self.arms, 2))

    def check(self) -> None:
        super().check()
        if len(self.arms) < 2 or self.metric not in POINTS:
            got = f"{list(self.arms)} and {self.metric!r}"
            raise Mistake(
                f"claim {self.text!r}: equal=[a, b, ...] needs two arms and a metric in points, but got {got}."
            )


class Interaction(Claim):
    kind, needs_than = "grows", True

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        (a, b), (c, d) = self.arms, self.than
        return (Above((a, d), (b, c)),)

    def check(self) -> None:
        super().check()
        if len(self.arms) != 2 or len(self.than) != 2:
            got = f"{len(self.arms)} and {len(self.than)}"
            raise Mistake(f"claim {self.text!r}: grows=[a, b], than=[c, d] needs two arms in each, but got {got}.")


class NarrowerBand(Claim):
    kind, needs_than, takes_at = "narrower", True, False

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return (Narrower(self.arms, self.than),)

    def check(self) -> None:
        super().check()
        if self.metric not in (*EPOCH_METRICS, *STEP_METRICS):
            raise Mistake(f"claim {self.text!r}: narrower=... needs a metric with a curve, but got {self.metric!r}.")


@dataclass(frozen=True, kw_only=True)
class Reaches(Claim):
    kind = "reaches"
    above: float

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return tuple(Above((arm,), (), self.above) for arm in self.arms)


@dataclass(frozen=True, kw_only=True)
class Trains(Claim):
    kind = "trains"
    above: float | None = None
    share: float = 0.5

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        larger = self.kind == "trains"
        return tuple(Share((arm,), larger=larger, share=self.share, accuracy=self.above) for arm in self.arms)

    def check(self) -> None:
        super().check()
        if not 0 < self.share < 1:
            raise Mistake(f"claim {self.text!r}: share must be above 0 and below 1, but got {self.share}.")


class Fails(Trains):
    kind = "fails"


@dataclass(frozen=True, kw_only=True)
class Unstable(Claim):
    kind = "unstable"
    above: float | None = None

    def assertions(self, every_arm: Sequence[str]) -> tuple[Assertion, ...]:
        return (Mixed(self.arms, accuracy=self.above),)


KINDS: Mapping[str, type[Claim]] = {
    kind.kind: kind
    for kind in (Better, Best, NearBest, Equal, Interaction, NarrowerBand, Reaches, Trains, Fails, Unstable)
}


def from_json(claim: Mapping[str, Any]) -> Claim:
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in claim.items()}
    return KINDS[values.pop("kind")](**values)


@says_what_it_takes
def claim(
    text: str,
    *,
    better: str | Sequence[str] = (),
    best: str = "",
    near_best: str | Sequence[str] = (),
    equal: Sequence[str] = (),
    grows: Sequence[str] = (),
    narrower: Sequence[str] = (),
    reaches: str | Sequence[str] = (),
    trains: str | Sequence[str] = (),
    fails: str | Sequence[str] = (),
    unstable: str | Sequence[str] = (),
    than: str | Sequence[str] = (),
    within: float | None = None,
    above: float | None = None,
    share: float | None = None,
    metric: str = JUDGED_BY,
    at: float | None = None,
) -> Claim:
    """A claim of exactly one of these kinds::

        better=a, than=b    each arm of a beats each arm of b on the metric (a loss, a gap, a time, a size: lower is better)
        best=a              a beats every other arm
        near_best=a, within=5    each arm of a is at most 5 points (or what the metric counts in) behind the best
        equal=[a, b, ...]   these differ by less than the study's margin
        grows=[a, b], than=[c, d]        the difference a - b is larger than the difference c - d
        narrower=[a, b], than=[c, d]     a and b lie closer together than c and d, step by step or epoch by epoch
        reaches=a, above=90 the mean over seeds of each arm of a is above 90
        trains=a, fails=a   of each arm of a more, or less, than half of all seeds come above twice the accuracy of chance;
                            above=90 names the accuracy, share=0.9 the share of seeds
        unstable=a          of one of these arms at least a tenth of all seeds do, and a tenth do not

    With at=0.2 the metric counts as it stood after that share of the epochs, not at the end.
    """
    given = locals()
    says = [kind for kind in KINDS if given[kind]]
    if len(says) != 1:
        raise Mistake(f"claim {text!r} must say exactly one of {', '.join(KINDS)}, but says {says}.")
    kind, arms = KINDS[says[0]], _names(given[says[0]])
    own = _own(kind, text, {"within": within, "above": above, "share": share})
    made = kind(text=text, arms=arms, than=_names(than), metric=metric, at=at, **own)
    made.check()
    return made


def _own(kind: type[Claim], text: str, options: Mapping[str, float | None]) -> dict[str, Any]:
    """The options that a kind of claim has of its own."""
    given = {name: value for name, value in options.items() if value is not None}
    own = {field.name: field.default is MISSING for field in fields(kind) if field.name in options}
    if wrong := [*(given.keys() - own), *(name for name, needed in own.items() if needed and name not in given)]:
        takes = " and ".join(own) or "none of them"
        raise Mistake(
            f"claim {text!r}: of within, above and share {kind.kind}=... takes {takes}; wrong here: {wrong[0]}."
        )
    return given


def _names(arms: str | Sequence[str]) -> tuple[str, ...]:
    return (arms,) if isinstance(arms, str) else tuple(arms)
