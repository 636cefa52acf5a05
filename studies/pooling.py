"""Does LeNet do better with max-pooling than with the average pooling of 1998? (report C)

python studies/pooling.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="pooling",
    question="Is max-pooling better than average pooling in LeNet on MNIST?",
    # The learning rate that report C chose for LeNet; epochs and batch are left open.
    base=Recipe(model="lenet", dataset="mnist", optimizer="adam", lr=1e-3, batch_size=64, epochs=10),
    arms={"max": Arm(pooling="max"), "average": Arm(pooling="average")},
    baseline="average",
    tune=adam.LEARNING_RATE,
    claims=[claim("Max-pooling beats average pooling (C7)", better="max", than="average")],
    demo=Scale.demo(batch_size=32, epochs=5),
)

if __name__ == "__main__":
    main(STUDY)
