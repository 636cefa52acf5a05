"""Does dropout before the last layer help LeNet-B? (report B)

python studies/dropout.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="dropout",
    question="Does dropout of 0.5 before the last layer help LeNet-B?",
    # The report says "a small learning rate": Adam's usual 1e-3.
    base=Recipe(model="lenet_b", dataset="folder:characters12", optimizer="adam", lr=1e-3, batch_size=64, epochs=20),
    arms={
        "no dropout": Arm(dropout=0.0),
        "dropout": Arm(dropout=0.5),
        "no dropout, B's test": Arm(dropout=0.0, testing="training_mode", tune={}),  # see study testing_mode
        "dropout, B's test": Arm(dropout=0.5, testing="training_mode", tune={}),
    },
    baseline="no dropout",
    tune=adam.LEARNING_RATE,
    claims=[
        claim("With dropout it learns more slowly: it is behind after a tenth of the epochs (B2)",
              better="no dropout", than="dropout", at=0.1),
        claim("With dropout it ends lower (B2)", better="no dropout", than="dropout"),
        claim("Tested as the report did, too (B2)", better="no dropout, B's test", than="dropout, B's test"),
    ],
    demo=Scale.demo(dataset="mnist5k", image_size=14, train_size=2000, epochs=10),
    smoke=Scale.smoke(dataset="mnist5k"),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
