"""What did report B's way of testing, in training mode and image by image, do to what it saw?

python studies/testing_mode.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="testing_mode",
    question="Are report B's conclusions on batch norm and dropout due to its never switching to evaluation mode?",
    # The report says "a small learning rate": Adam's usual 1e-3. Nothing is tuned: what differs is how it is tested.
    base=Recipe(model="lenet_b", dropout=0.0, norm="none", dataset="folder:characters12",
                optimizer="adam", lr=1e-3, batch_size=64, epochs=20),
    arms={
        "plain · eval": Arm(), "plain · B's test": Arm(testing="training_mode"),
        "BN · eval": Arm(norm="batch"), "BN · B's test": Arm(norm="batch", testing="training_mode"),
        "dropout · eval": Arm(dropout=0.5), "dropout · B's test": Arm(dropout=0.5, testing="training_mode"),
    },
    baseline="plain · eval",
    claims=[
        claim("BN loses by being tested so", better="BN · eval", than="BN · B's test"),
        claim("Dropout loses by being tested so", better="dropout · eval", than="dropout · B's test"),
        claim("Without either it makes no difference", equal=["plain · eval", "plain · B's test"]),
        claim("Tested so, the network without BN ends ahead (B3)", better="plain · B's test", than="BN · B's test"),
        claim("Tested in evaluation mode, it ends ahead, too (B3)", better="plain · eval", than="BN · eval"),
        claim("Tested so, the network with dropout ends lower (B2)", better="plain · B's test", than="dropout · B's test"),
        claim("Tested in evaluation mode, it ends lower, too (B2)", better="plain · eval", than="dropout · eval"),
    ],
    demo=Scale.demo(dataset="mnist5k", image_size=14, train_size=2000, epochs=8), smoke=Scale.smoke(dataset="mnist5k"),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
