"""How much a study may spend, and what becomes smaller when it runs at a smaller scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnzoo.mistake import Mistake
from cnnzoo.recipe import reject_unknown
from cnnzoo.spelling import says_what_it_takes

SEARCH_SEED = 0  # every candidate of a search starts from the same network and sees the same data
SMALLER = {"dataset": "mnist5k", "image_size": None, "crop": 0, "flip": False}  # digits are not what they are mirrored
MOST_SEEDS = 100  # so that the seeds of the reported and of the confirming trials never meet


@dataclass(frozen=True, kw_only=True)
class Budget:
    """`seeds` trainings of every arm as reported and again to confirm; `trials_per_arm` candidates in each arm's search."""

    seeds: int = 3
    trials_per_arm: int = 16

    def __post_init__(self) -> None:
        if type(self.seeds) is not int or not 1 <= self.seeds <= MOST_SEEDS:
            raise Mistake(f"seeds must be between 1 and {MOST_SEEDS}, but got {self.seeds!r}.")
        if type(self.trials_per_arm) is not int or self.trials_per_arm < 1:
            raise Mistake(f"trials per arm must be at least 1, but got {self.trials_per_arm!r}.")

    @property
    def reported_seeds(self) -> tuple[int, ...]:
        return tuple(range(1, self.seeds + 1))

    @property
    def confirm_seeds(self) -> tuple[int, ...]:
        return tuple(range(MOST_SEEDS + 1, MOST_SEEDS + self.seeds + 1))


Budget.__init__ = says_what_it_takes(Budget.__init__)  # type: ignore[method-assign]


@dataclass(frozen=True, init=False)
class Scale:
    """What changes in the base recipe, and the budget, when a study runs smaller than its report did.

    ``Scale.demo(width=0.25)`` and ``Scale.smoke()`` begin from what suits most studies: the embedded data, few epochs.
    """

    budget: Budget
    changes: Mapping[str, Any]

    @says_what_it_takes
    def __init__(self, *, seeds: int, trials_per_arm: int, **changes: Any) -> None:
        reject_unknown(changes)
        vars(self).update(budget=Budget(seeds=seeds, trials_per_arm=trials_per_arm), changes=changes)

    @classmethod
    def demo(cls, *, seeds: int = 3, trials_per_arm: int = 4, **changes: Any) -> "Scale":
        return cls(seeds=seeds, trials_per_arm=trials_per_arm, **{**SMALLER, "epochs": 3, **changes})

    @classmethod
    def smoke(cls, *, seeds: int = 2, trials_per_arm: int = 3, **changes: Any) -> "Scale":
        tiny = {"epochs": 2, "train_size": 128, "batch_size": 32}
        return cls(seeds=seeds, trials_per_arm=trials_per_arm, **{**SMALLER, **tiny, **changes})
