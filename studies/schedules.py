"""Which learning-rate schedule is best for simp_Res9? (report D, table D2)

python studies/schedules.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="schedules",
    question="Which of three learning-rate schedules gives simp_Res9 the best accuracy?",
    # Left open: batches of 128, the recipe's own, and a crop from a margin of 4 pixels; and of the schedules all but their names:
    # lr is the highest rate, cyclic swings between a tenth of it and all of it in five cycles, none touches the momentum.
    base=Recipe(
        model="simp_res9", dataset="cifar10", validation=0.0, lr=1e-2, weight_decay=5e-4, crop=4, flip=True, epochs=50
    ),
    arms={name: Arm(schedule=name) for name in ("cyclic", "one_cycle", "cosine")},
    baseline="cosine",
    tune=sgd.LEARNING_RATE,
    reported={
        "cyclic": {"test/acc1": 90.810, "train/acc1": 97.212},
        "one_cycle": {"test/acc1": 91.880, "train/acc1": 98.014},
        "cosine": {"test/acc1": 92.080, "train/acc1": 98.820},
    },
    claims=[claim("Cosine annealing is the best of the three (D-b)", best="cosine")],
    # At the report's rate, 1e-2, so few digits leave the seeds twice as far apart.
    demo=Scale.demo(image_size=14, width=0.125, crop=1, batch_size=64, lr=3e-3, epochs=8),
    smoke=Scale.smoke(image_size=16, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
