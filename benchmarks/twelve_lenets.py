"""The twelve trainings of ``ordinary_tune_script`` as a study: the other side of ``study_overhead``."""

from benchmarks.ordinary_tune_script import BATCH, EPOCHS, RATES
from cnnzoo import Recipe
from studies.engine import Budget, Scale, Study, grid, main

SMALL = Scale(seeds=1, trials_per_arm=1)

STUDY = Study(
    name="twelve_lenets",
    question="Which of twelve learning rates trains LeNet best in three epochs?",
    base=Recipe(model="lenet", dataset="mnist", epochs=EPOCHS, batch_size=BATCH),
    arms=(arms := grid(lr=RATES)),
    baseline=next(iter(arms)),
    budget=Budget(seeds=1),
    demo=SMALL,
    smoke=SMALL,
)

if __name__ == "__main__":
    main(STUDY)
