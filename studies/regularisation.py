"""Does a penalty on the weights help LeNet-B, and which one? (report B)

python studies/regularisation.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="regularisation",
    question="Does an L1 or an L2 penalty on the weights help LeNet-B?",
    # The report says "a small learning rate": Adam's usual 1e-3. Dropout is left out: it would be a regulariser beside "none".
    base=Recipe(
        model="lenet_b", dropout=0.0, dataset="folder:characters12", optimizer="adam", lr=1e-3, batch_size=64, epochs=20
    ),
    arms={
        "none": Arm(),
        "L1": Arm(l1=1e-3, tune=adam.LEARNING_RATE_AND_L1),
        "L2": Arm(weight_decay=1e-2, tune=adam.LEARNING_RATE_AND_DECAY),
        "none, B's test": Arm(testing="training_mode", tune={}),  # see study testing_mode
        "L1, B's test": Arm(l1=1e-3, testing="training_mode", tune={}),
        "L2, B's test": Arm(weight_decay=1e-2, testing="training_mode", tune={}),
    },
    baseline="none",
    tune=adam.LEARNING_RATE,
    claims=[
        claim("Both L1 and L2 end below no regularisation (B1)", better="none", than=["L1", "L2"]),
        claim("L2 ends above L1 (B1)", better="L2", than="L1"),
        claim("Tested as the report did, both end below (B1)", better="none, B's test", than=["L1, B's test", "L2, B's test"]),
    ],
    demo=Scale.demo(dataset="mnist5k", image_size=14, train_size=2000, epochs=8), smoke=Scale.smoke(dataset="mnist5k"),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
