"""Which learning rate and which dropout suit GoogLeNet? (report C)

python studies/googlenet_lr_dropout.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import grids
from studies.engine import Scale, Study, claim, grid, main

ARMS = grid(**grids.RATE_AND_DROPOUT)

STUDY = Study(
    name="googlenet_lr_dropout",
    question="Which learning rate and which dropout suit GoogLeNet on MNIST?",
    # Epochs and batch are left open, and which three rates and dropouts: those of AlexNet's grid.
    base=Recipe(model="googlenet", dataset="mnist", optimizer="adam", batch_size=64, epochs=5),
    arms=ARMS,
    baseline="lr 5e-4 · dropout 0.2",  # the report's choice
    rows="lr",
    columns="dropout",
    claims=[
        # The report speaks of settings that do not train for VGG alone.
        claim("GoogLeNet trains at each of the nine settings: above 20 % on average", reaches=list(ARMS), above=20),
        claim(
            "On the test set 1e-3 beats the rate chosen (C8)",
            better="lr 1e-3 · dropout 0.2",
            than="lr 5e-4 · dropout 0.2",
        ),
        claim(
            "Dropout 0.4 learns more slowly (C9)", better="lr 5e-4 · dropout 0.2", than="lr 5e-4 · dropout 0.4", at=0.2
        ),
    ],
    demo=Scale.demo(train_size=1500, batch_size=32, epochs=5),
    smoke=Scale.smoke(seeds=1, epochs=1),
)

if __name__ == "__main__":
    main(STUDY)
