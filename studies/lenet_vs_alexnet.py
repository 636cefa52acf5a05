"""Is the deeper AlexNet-B better than LeNet-B? (report B)

python studies/lenet_vs_alexnet.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="lenet_vs_alexnet",
    question="Is the deeper AlexNet-B better than LeNet-B, and which of the two learns faster?",
    # The report says "a small learning rate": Adam's usual 1e-3.
    base=Recipe(model="lenet_b", dataset="folder:characters12", optimizer="adam", lr=1e-3, batch_size=64, epochs=20),
    arms={
        "LeNet-B": Arm(), "AlexNet-B": Arm(model="alexnet_b"),
        "LeNet-B, B's test": Arm(testing="training_mode", tune={}),  # see study testing_mode
        "AlexNet-B, B's test": Arm(model="alexnet_b", testing="training_mode", tune={}),
    },
    baseline="LeNet-B",
    tune=adam.LEARNING_RATE,
    claims=[
        claim("LeNet-B is ahead after a tenth of the epochs (B6)", better="LeNet-B", than="AlexNet-B", at=0.1),
        claim("AlexNet-B ends higher (B6)", better="AlexNet-B", than="LeNet-B"),
        claim("AlexNet-B fluctuates more late in training (B6)", better="LeNet-B", than="AlexNet-B", metric="fluctuation"),
        claim("Tested as the report did, too (B6)", better="AlexNet-B, B's test", than="LeNet-B, B's test"),
        claim("More layers are not better here: LeNet-B is at most half a point behind (B8)", near_best="LeNet-B", within=0.5),
    ],
    demo=Scale.demo(dataset="mnist5k", train_size=1500, image_size=14, epochs=8),
    smoke=Scale.smoke(dataset="mnist5k", image_size=14),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
