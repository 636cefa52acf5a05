"""What does a larger model buy on CIFAR-10? (report D, table D1)

python studies/model_size.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="model_size",
    question="What does a larger model buy in accuracy, and what does it cost in time and size?",
    # Left open: batches of 128, the recipe's own, a crop from a margin of 4 pixels, and what Res9 is (the usual ResNet-9).
    base=Recipe(model="res18", dataset="cifar10", validation=0.0, lr=1e-2, weight_decay=5e-4, crop=4, flip=True, epochs=50),
    arms={"Res18": Arm(), "Res9": Arm(model="res9"), "simp_Res9": Arm(model="simp_res9")},
    baseline="Res18",
    tune=sgd.LEARNING_RATE,
    reported={  # the seconds are an epoch's: the report gives those of all 50
        "Res18": {"test/acc1": 91.210, "seconds": 1037.82 / 50, "model/size_mb": 42.7},
        "Res9": {"test/acc1": 89.830, "seconds": 748.32 / 50, "model/size_mb": 8.7},
        "simp_Res9": {"test/acc1": 87.800, "seconds": 730.96 / 50, "model/size_mb": 3.41},
    },
    margin=1.5,  # the difference between Res18 and Res9 that the report calls little
    claims=[
        claim("The bigger the better: Res18 above Res9 (D-a)", better="Res18", than="Res9"),
        claim("The bigger the better: Res9 above simp_Res9 (D-a)", better="Res9", than="simp_Res9"),
        claim("But with little return: Res9 is at most 1.5 points behind the best (D-a)", near_best="Res9", within=1.5),
        claim("Res9 is smaller, in the report five times (D-a)", better="Res9", than="Res18", metric="model/size_mb"),
        claim("A smaller model takes less time", better=["Res9", "simp_Res9"], than="Res18", metric="seconds"),
        claim("A smaller model's loss falls faster early (D-j)", better=["Res9", "simp_Res9"], than="Res18", metric="train/loss", at=0.1),
    ],
    # At the report's rate, 1e-2, so few digits leave the seeds twice as far apart.
    demo=Scale.demo(image_size=14, width=0.125, crop=1, batch_size=64, lr=3e-3, epochs=6),
    smoke=Scale.smoke(image_size=16, width=0.125),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
