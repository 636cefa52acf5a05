"""Which learning rate and which dropout suit VGG-16, and does it train at all? (report C)

python studies/vgg_lr_dropout.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import grids
from studies.engine import Scale, Study, claim, grid, main

ARMS = grid(**grids.RATE_AND_DROPOUT)

STUDY = Study(
    name="vgg_lr_dropout",
    question="Which learning rate and which dropout suit VGG-16 on MNIST, and does it train at every seed?",
    # Left open: epochs and batch, which three rates and dropouts (those of AlexNet's grid), and the depth, 16 or 19 (16).
    base=Recipe(model="vgg16", dataset="mnist", optimizer="adam", batch_size=64, epochs=5),
    arms=ARMS,
    baseline="lr 5e-4 · dropout 0.4",  # the report's choice
    rows="lr",
    columns="dropout",
    claims=[
        claim("At the setting chosen, whether it trains depends on the seed (C4)", unstable="lr 5e-4 · dropout 0.4"),
        claim("At some setting of the nine, whether it trains depends on the seed (C4)", unstable=list(ARMS)),
        claim(
            "Dropout 0.4 learns more slowly (C9)", better="lr 5e-4 · dropout 0.2", than="lr 5e-4 · dropout 0.4", at=0.2
        ),
    ],
    demo=Scale.demo(train_size=2000, image_size=12, width=0.25, batch_size=16, epochs=5),
    smoke=Scale.smoke(image_size=16, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
