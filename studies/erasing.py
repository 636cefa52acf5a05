"""Does random erasing keep simp_Res9 from over-fitting? (report D, table D6)

python studies/erasing.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="erasing",
    question="Does random erasing close simp_Res9's gap between train and test accuracy?",
    # Left open: batches of 128, the recipe's own, a crop from a margin of 4 pixels, and how often an image is erased from: half of the
    # time, as torchvision has it.
    base=Recipe(
        model="simp_res9", dataset="cifar10", validation=0.0, lr=1e-2, weight_decay=5e-4, crop=4, flip=True, epochs=70
    ),
    arms={"basic": Arm(), "erasing": Arm(erasing=0.5)},
    baseline="basic",
    tune=sgd.LEARNING_RATE,
    reported={"erasing": {"test/acc1": 88.860, "train/acc1": 89.888}},
    claims=[
        claim("Random erasing lowers train minus test accuracy (D-f)", better="erasing", than="basic", metric="gap")
    ],
    # At the report's rate, 1e-2, so few digits leave the seeds twice as far apart.
    demo=Scale.demo(train_size=1000, image_size=14, width=0.125, crop=1, batch_size=32, lr=3e-3, epochs=30),
    smoke=Scale.smoke(image_size=16, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
