"""A study of seconds, run as users run theirs: `python tests/engine/tiny_study.py --in-process`.

Its searches are long enough for TPE to have its say: that needs more candidates than are spread evenly beforehand.
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Budget, Scale, Study, claim, main

SMALL = Scale(seeds=2, trials_per_arm=11, train_size=80, epochs=3)

STUDY = Study(
    name="tiny",
    question="Is ReLU better than tanh?",
    base=Recipe(model="lenet", batch_size=8, epochs=3, validation=0.02),
    arms={"relu": Arm(), "tanh": Arm(activation="tanh")},
    baseline="relu",
    tune=sgd.LEARNING_RATE,
    budget=Budget(seeds=2, trials_per_arm=11),
    claims=[claim("ReLU is better", better="relu", than="tanh")],
    demo=SMALL,
    smoke=SMALL,
)

if __name__ == "__main__":
    main(STUDY)
