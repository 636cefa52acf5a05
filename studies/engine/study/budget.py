"""How much a study may spend, and what becomes smaller when it runs at a smaller scale."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnzoo.mistake import Mistake
from cnnzoo.recipe import reject_unknown
from cnnzoo.spelling import says_what_it_takes

SMALLER = {"dataset": "mnist5k", "image_size": None, "crop": 0, "flip": False}  # a mirrored digit is no digit
MOST_SEEDS = 100  # so that the seeds of reported, confirming and run-off trials never meet
AFTER_CHOICE = 301  # the first seed as reported where other studies have chosen settings on seeds from 1
MOST_SEARCHES = 100
SEEDS_OF_A_SEARCH = 1000  # from one repetition's seeds to those of the next
RUNNERS, RUNOFF_SEEDS = 3, 2  # candidates in a run-off, and further seeds of each


def _check_count(value: Any, rule: str, least: int = 1, most: float = math.inf) -> None:
    if type(value) is not int or not least <= value <= most:
        raise Mistake(f"{rule}, but got {value!r}.")


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """At each rung about one trial in `reduction` goes on; the lowest rung is no earlier than epoch `first_rung`."""

    reduction: int = 3
    first_rung: int = 1

    def __post_init__(self) -> None:
        _check_count(self.reduction, "reduction must be a whole number of at least 2", least=2)
        _check_count(self.first_rung, "first rung must be an epoch, at least 1")

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """The epochs after which a trial may be stopped, in rising order: epochs/3, epochs/9, ... with a reduction of 3."""
        below = epochs // self.reduction
        return (*self.rungs(below), below) if below >= self.first_rung else ()


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every arm gets.

    `seeds` trainings as reported, and as many to confirm what its search has chosen. `trials_per_arm` candidates in a
    search; `searches` such searches, each with seeds of its own. `at_most` seeds where more of them have to decide.
    """

    seeds: int = 5
    trials_per_arm: int = 16
    searches: int = 1
    early_stopping: EarlyStopping | None = EarlyStopping()
    at_most: int = 12

    def __post_init__(self) -> None:
        _check_count(self.seeds, f"seeds must be between 1 and {MOST_SEEDS}", most=MOST_SEEDS)
        _check_count(self.at_most, f"at most must be between 1 and {MOST_SEEDS}", most=MOST_SEEDS)
        _check_count(self.searches, f"searches must be between 1 and {MOST_SEARCHES}", most=MOST_SEARCHES)
        _check_count(self.trials_per_arm, "trials per arm must be at least 1")
        if self.early_stopping is not None and not isinstance(self.early_stopping, EarlyStopping):
            raise Mistake(
                f"early stopping must be EarlyStopping(...), or None for none, but got {self.early_stopping!r}."
            )

    @property
    def confirm_seeds(self) -> tuple[int, ...]:
        """The seeds that confirm what the searches have chosen, search by search."""
        return tuple(self.confirm_seed(s, k) for s in self.repetitions for k in range(1, self.seeds + 1))

    @property
    def repetitions(self) -> range:
        """The numbers of the searches, from 1."""
        return range(1, self.searches + 1)

    def search_seed(self, search: int) -> int:
        """Every candidate of a search starts from the same network and sees the same data."""
        return SEEDS_OF_A_SEARCH * (search - 1)

    @property
    def runoff_seeds(self) -> Sequence[int]:
        """The seeds that the best candidates are scored on again; none where other searches show what luck does."""
        first = 2 * MOST_SEEDS + 1
        return range(first, first + RUNOFF_SEEDS) if self.searches == 1 else ()

    @property
    def runoff_trials(self) -> int:
        runners = min(RUNNERS, self.trials_per_arm)
        return runners * len(self.runoff_seeds) if runners > 1 else 0

    def confirm_seed(self, search: int, number: int) -> int:
        """The seed, by its number from 1, that took no part in choosing."""
        return self.search_seed(search) + MOST_SEEDS + number


EarlyStopping.__init__ = says_what_it_takes(EarlyStopping.__init__)  # type: ignore[method-assign]
Budget.__init__ = says_what_it_takes(Budget.__init__)  # type: ignore[method-assign]


@dataclass(frozen=True, init=False)
class Scale:
    """What changes in the base recipe, and of the budget, when a study runs smaller than its report did.

    ``Scale.demo(width=0.25)`` and ``Scale.smoke()`` begin from what suits most studies: the embedded data, few epochs.
    """

    budget: Mapping[str, Any]  # what of it is another than the report's
    changes: Mapping[str, Any]  # of the base recipe
    data: Mapping[str, Any]  # and to put other data in the place of a report's, but never of the user's own

    @says_what_it_takes
    def __init__(self, *, seeds: int | None, trials_per_arm: int, searches: int = 1, **changes: Any) -> None:
        reject_unknown(changes)
        budget: dict[str, Any] = {"trials_per_arm": trials_per_arm, "searches": searches}
        budget |= {} if seeds is None else {"seeds": seeds}
        Budget(**budget)  # refuses what cannot be
        vars(self).update(budget=budget, changes=changes, data={})

    @classmethod
    def demo(cls, *, seeds: int | None = None, trials_per_arm: int = 4, searches: int = 1, **changes: Any) -> "Scale":
        """Minutes on a laptop, with the seeds of the study's budget if none are given."""
        short = {"epochs": 3, **changes}
        return cls(seeds=seeds, trials_per_arm=trials_per_arm, searches=searches, **short)._on_the_embedded_data()

    @classmethod
    def smoke(cls, *, seeds: int = 2, trials_per_arm: int = 3, searches: int = 1, **changes: Any) -> "Scale":
        """Seconds: it shows that all works, and its numbers mean nothing."""
        tiny = {"epochs": 2, "train_size": 128, "batch_size": 32, **changes}
        return cls(seeds=seeds, trials_per_arm=trials_per_arm, searches=searches, **tiny)._on_the_embedded_data()

    def _on_the_embedded_data(self) -> "Scale":
        vars(self).update(data={field: SMALLER[field] for field in SMALLER if field not in self.changes})
        return self
