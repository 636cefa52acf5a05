"""Does ResNet-18 train at every learning rate, and which suits it? (report C)

python studies/resnet_lr.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from studies.engine import Scale, Study, claim, grid, main

ARMS = grid(lr=[0.01, 1e-3, 5e-4, 1e-4, 1e-5])

STUDY = Study(
    name="resnet_lr",
    question="Does ResNet-18 train on MNIST at each of five learning rates, and which suits it?",
    # Epochs, batch and depth are left open, and the five rates are not listed: the one chosen, and around it those of LeNet.
    base=Recipe(model="resnet18", dataset="mnist", optimizer="adam", batch_size=64, epochs=10),
    arms=ARMS,
    baseline="lr 5e-4",  # the report's choice
    claims=[
        claim(
            "All rates tend to good results: each ends within 5 points of the best (C5)", near_best=list(ARMS), within=5
        ),
        claim("5e-4 is the best of the five (the report's choice)", best="lr 5e-4"),
        claim("On the test set 1e-3 beats the rate chosen (C8)", better="lr 1e-3", than="lr 5e-4"),
        claim(
            "Large rates fluctuate: 0.01 more than 1e-4 (C5)", better="lr 1e-4", than="lr 0.01", metric="fluctuation"
        ),
        claim(
            "Small ones are slow: 1e-5 is behind after a fifth of the epochs (C5)",
            better="lr 5e-4",
            than="lr 1e-5",
            at=0.2,
        ),
    ],
    demo=Scale.demo(train_size=2000, width=0.25, batch_size=32, epochs=5),
    smoke=Scale.smoke(width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
