"""A study of seconds, run as users run theirs: `python tests/engine/tiny_study.py --in-process`."""

import os

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Budget, Scale, Study, claim, main

SMALL = Scale(seeds=2, trials_per_arm=int(os.environ.get("TINY_TRIALS", "3")), train_size=80, epochs=3)

STUDY = Study(
    name="tiny",
    question="Is ReLU better than the sigmoid?",
    base=Recipe(model="lenet", batch_size=16, epochs=3),
    arms={"relu": Arm(), "sigmoid": Arm(activation="sigmoid")},
    baseline="relu",
    tune=sgd.LEARNING_RATE,
    budget=Budget(seeds=2, trials_per_arm=3),
    claims=[claim("ReLU is better", better="relu", than="sigmoid")],
    demo=SMALL,
    smoke=SMALL,
)

if __name__ == "__main__":
    main(STUDY)
