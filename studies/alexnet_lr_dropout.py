"""Which learning rate and which dropout suit AlexNet? (report C)

python studies/alexnet_lr_dropout.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import grids
from studies.engine import Scale, Study, claim, grid, main

STUDY = Study(
    name="alexnet_lr_dropout",
    question="Which learning rate and which dropout suit AlexNet on MNIST?",
    # Left open: which three rates and dropouts; epochs and batch: five epochs of all nine, on three seeds, take two cores two hours.
    base=Recipe(model="alexnet", dataset="mnist", optimizer="adam", batch_size=64, epochs=5),
    arms=grid(**grids.RATE_AND_DROPOUT),
    baseline="lr 1e-3 · dropout 0.2",  # the report's choice
    rows="lr",
    columns="dropout",
    claims=[
        *(
            claim(f"Dropout matters little at {lr} (C3)", equal=[f"{lr} · dropout {p}" for p in (0, 0.2, 0.4)])
            for lr in ("lr 1e-3", "lr 5e-4", "lr 1e-4")
        ),
        claim(
            "Dropout 0.4 learns more slowly (C9)", better="lr 1e-3 · dropout 0.2", than="lr 1e-3 · dropout 0.4", at=0.2
        ),
    ],
    demo=Scale.demo(width=0.5, epochs=5),
    smoke=Scale.smoke(width=0.25),
)

if __name__ == "__main__":
    main(STUDY)
