"""What is read from an MLflow store, whichever way: over SQL (``store_sql``) or by its client (``store_rest``)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from studies.engine import schema

TIMEOUT = 5  # seconds for a store to answer the first call
COMMIT = "mlflow.source.git.commit"  # the one tag of MLflow's own that is read


class Run(NamedTuple):
    """A run that was not deleted; ``metrics`` are the last values."""

    id: str
    name: str
    status: str
    started: float  # milliseconds
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float | None]


class Series(NamedTuple):
    """All values of a metric in a run, in no order."""

    run: str
    metric: str
    steps: Sequence[int]
    values: Sequence[float | None]
    timestamps: Sequence[int]


class Store(Protocol):
    def counts(self) -> Sequence[tuple[str, str, int]]:
        """Every study here at each of its scales, with the number of its trials."""

    def runs(self, study: str, kind: str) -> Sequence[Run]:
        """The runs of a study that are tagged with this kind."""

    def histories(self, runs: Sequence[str], metrics: Sequence[str]) -> Sequence[Series]:
        """All values of these metrics in these runs; one of a run may come in parts."""


def unreadable(uri: str, why: object, hint: str) -> ValueError:
    """The error for a store that cannot be read: the first line of what its driver said, without secrets."""
    first = str(why).strip().partition("\n")[0] or "no reason given"
    return ValueError(f"{schema.redact(f'cannot read MLflow at {uri}: {first}')}\nhint: {hint}")
