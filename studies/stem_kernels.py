"""Which convolutions should simp_Res9 begin with? (report D, table D5)

python studies/stem_kernels.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="stem_kernels",
    question="Should simp_Res9 begin with one, two or three 3x3 convolutions, or with a 7x7?",
    # Left open: batches of 128, the recipe's own, and a crop from a margin of 4 pixels.
    base=Recipe(
        model="simp_res9", dataset="cifar10", validation=0.0, lr=1e-2, weight_decay=5e-4, crop=4, flip=True, epochs=50
    ),
    arms={"3x3": Arm(stem=(3,)), "7x7": Arm(stem=(7,)), "three 3x3": Arm(stem=(3, 3, 3)), "two 3x3": Arm(stem=(3, 3))},
    baseline="3x3",
    tune=sgd.LEARNING_RATE,
    reported={
        "3x3": {"test/acc1": 88.140, "train/acc1": 94.872},
        "7x7": {"test/acc1": 85.980, "train/acc1": 93.548},
        "three 3x3": {"test/acc1": 88.610, "train/acc1": 85.516},
        "two 3x3": {"test/acc1": 87.180, "train/acc1": 94.148},
    },
    claims=[
        claim("A single 3x3 is best (D-e, the report's prose)", best="3x3"),
        claim("Three 3x3 are best (D-e, the report's table)", best="three 3x3"),
    ],
    # At the report's rate, 1e-2, so few digits leave the seeds twice as far apart.
    demo=Scale.demo(image_size=14, width=0.125, crop=1, batch_size=64, lr=3e-3, epochs=8),
    smoke=Scale.smoke(image_size=16, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
