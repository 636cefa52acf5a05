"""What a claim comes down to: comparisons of figures by seed, and shares of seeds. Plain values, all that a judge has to know."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from studies.engine import schema
from studies.engine.schema import EPOCH_METRICS, STEP_METRICS

LATE = (schema.FLUCTUATION, schema.LATE_GAIN)  # of the second half of the epochs
# Test accuracy by epoch is for figures: only trials as reported have it.
METRICS = (
    *(metric for metric in EPOCH_METRICS if metric not in schema.TEST_BY_EPOCH),
    *schema.TRIAL_METRICS, *STEP_METRICS, schema.GAP, *LATE,
)  # fmt: skip
ACCURACIES = (
    schema.TEST_ACC1, schema.TEST_ACC5, schema.VAL_ACC1, schema.VAL_ACC5, schema.TRAIN_ACC1, schema.TRAIN_ACC5,
)  # fmt: skip
POINTS = (*ACCURACIES, schema.GAP)
HIGHER_IS_BETTER = (*ACCURACIES, schema.IMAGES_PER_SECOND, schema.LATE_GAIN)
# What has a value before the end; of a test metric that is validation's.
BEFORE_THE_END = (*EPOCH_METRICS, schema.TEST_LOSS, schema.TEST_ACC1, schema.TEST_ACC5)


@dataclass(frozen=True)
class About:
    arms: tuple[str, ...]
    than: tuple[str, ...] = ()

    @property
    def about(self) -> tuple[str, ...]:
        return (*self.arms, *self.than)


@dataclass(frozen=True)
class Above(About):
    """The figures of ``arms`` less those of ``than`` are above the bound."""

    bound: float = 0.0


class Within(About):
    """Two arms differ by less than the study's margin."""


class Narrower(About):
    """From the lowest to the highest of ``arms`` it is less far than from the lowest to the highest of ``than``."""


@dataclass(frozen=True, kw_only=True)
class Share(About):
    """A larger (or smaller) share than ``share`` of an arm's trainings comes above an accuracy; None: twice chance."""

    larger: bool
    share: float
    accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class Mixed(About):
    """At least a tenth of all trainings of one of these arms come above an accuracy, and a tenth do not."""

    accuracy: float | None


Assertion = Above | Within | Narrower | Share | Mixed


def may_be_equal(said: Assertion, metric: str) -> bool:
    """Whether "the difference does not matter" is an answer: it needs points, as the margin is in points, and no bound."""
    compares = isinstance(said, Within) or (isinstance(said, Above) and bool(said.than) and not said.bound)
    return compares and metric in POINTS


def each_above(arms: Iterable[str], than: Iterable[str], metric: str) -> tuple[Above, ...]:
    """Each of these arms is better by the metric than each of those."""
    pairs = product(arms, than)
    return tuple(Above((a,), (b,)) if metric in HIGHER_IS_BETTER else Above((b,), (a,)) for a, b in pairs)
