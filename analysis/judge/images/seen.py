"""What the networks of a stage say of each test image, arm by arm and seed by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.read.kept.predictions import TestSet
from analysis.read.runs import StudyRuns
from studies.engine import schema


@dataclass(frozen=True, eq=False)
class Seen:
    """The arms whose every trained network has kept what it says, all of them tested on the same images."""

    test: TestSet | None  # None where no arm is there
    predicted: Mapping[str, pd.DataFrame]  # by arm: the class, a row a seed, a column an image
    left_out: tuple[str, ...]  # trained arms of which that is not known

    @cached_property
    def hits(self) -> Mapping[str, pd.DataFrame]:
        """By arm: 100 where a network is right about an image, 0 where it is wrong, so that a mean is an accuracy in percent."""
        if self.test is None:
            return {}
        return {arm: 100.0 * (predicted == self.test.labels) for arm, predicted in self.predicted.items()}


def seen(runs: StudyRuns, trained: Mapping[str, pd.DataFrame]) -> Seen:
    """What the networks of each arm say; ``trained`` has the completed trials of an arm, by seed."""
    test: TestSet | None = None
    predicted: dict[str, pd.DataFrame] = {}
    known = {arm: trials for arm, trials in trained.items() if len(trials)}
    for arm, trials in known.items():
        tests = [runs.test_set(str(digest)) for digest in trials[schema.DATASET_DIGEST].dropna().unique()]
        said, first = runs.predictions(trials), test or next(iter(tests), None)
        same_images = tests and all(own and first and own.is_that_of(first) for own in tests)
        if not same_images or len(said) < len(trials):
            continue
        test = first
        rows = np.stack([said[signature].predicted for signature in trials[schema.SIGNATURE]])
        predicted[arm] = pd.DataFrame(rows, index=trials.index)
    return Seen(test, predicted, tuple(arm for arm in known if arm not in predicted))
