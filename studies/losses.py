"""Which loss is best for simp_Res9? (report D, table D4)

python studies/losses.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="losses",
    question="Which of three losses gives simp_Res9 the best accuracy?",
    # Left open: batches of 128, the recipe's own; a crop from a margin of 4 pixels; and between what SmoothL1 is taken: the
    # logits and the one-hot label, as binary cross-entropy is.
    base=Recipe(
        model="simp_res9", dataset="cifar10", validation=0.0, lr=1e-2, weight_decay=5e-4, crop=4, flip=True, epochs=50
    ),
    arms={"CrossEntropy": Arm(), "SmoothL1": Arm(loss="smooth_l1"), "BCEWithLogits": Arm(loss="bce")},
    baseline="CrossEntropy",
    tune=sgd.LEARNING_RATE,
    reported={
        "CrossEntropy": {"test/acc1": 88.720, "train/acc1": 96.246},
        "SmoothL1": {"test/acc1": 75.660, "train/acc1": 78.678},
        "BCEWithLogits": {"test/acc1": 85.640, "train/acc1": 90.704},
    },
    claims=[
        claim("Cross-entropy is the best of the three (D-d)", best="CrossEntropy"),
        claim("SmoothL1 is the worst (D-d)", better=["CrossEntropy", "BCEWithLogits"], than="SmoothL1"),
    ],
    # At the report's rate, 1e-2, so few digits leave the seeds twice as far apart.
    demo=Scale.demo(image_size=14, width=0.125, crop=1, batch_size=64, lr=3e-3, epochs=8),
    smoke=Scale.smoke(image_size=16, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
