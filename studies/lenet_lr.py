"""Which learning rate suits LeNet with ReLU? (report C)

python studies/lenet_lr.py            # run it, or go on where it stopped
python analysis/tables.py --study lenet_lr
"""

from cnnzoo import Recipe
from studies.engine import Budget, Scale, Study, claim, grid, main

STUDY = Study(
    name="lenet_lr",
    question="Which of five learning rates suits LeNet with ReLU on MNIST?",
    # Epochs and batch are left open, and the five rates are not listed: powers of ten around the one chosen.
    base=Recipe(model="lenet", dataset="mnist", optimizer="adam", batch_size=64, epochs=10),
    arms=grid(lr=[0.1, 0.01, 1e-3, 1e-4, 1e-5]),
    baseline="lr 1e-3",  # the report's choice
    budget=Budget(seeds=5),
    claims=[
        claim("At 0.1 it does not learn (C2)", fails="lr 0.1"),
        claim(
            "At 1e-5 it learns slowly: behind 1e-3 after a fifth of the epochs",
            better="lr 1e-3",
            than="lr 1e-5",
            at=0.2,
        ),
        claim("1e-3 is the best of the five (the report's choice)", best="lr 1e-3"),
    ],
    demo=Scale.demo(seeds=5, batch_size=16, epochs=5),
)

if __name__ == "__main__":
    main(STUDY)
