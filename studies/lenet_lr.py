"""Which learning rate suits LeNet with ReLU? (report C)

python studies/lenet_lr.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from studies.engine import Scale, Study, claim, grid, main

STUDY = Study(
    name="lenet_lr",
    question="Which learning rate suits LeNet with ReLU on MNIST, and at which does it learn at all?",
    # Epochs and batch are left open, and the five rates are not listed: powers of ten around the one chosen. The report speaks
    # of rates above and below these; how far is open, too: one on either side.
    base=Recipe(model="lenet", dataset="mnist", optimizer="adam", batch_size=64, epochs=10),
    arms=grid(lr=[0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6]),
    baseline="lr 1e-3",  # the report's choice
    claims=[
        claim("Above 0.1 it does not learn (C2)", fails="lr 0.5"),
        claim("Nor at 0.1 (C2)", fails="lr 0.1"),
        claim(
            "Below 1e-5 it is slow: behind 1e-3 after a fifth of the epochs (C2)",
            better="lr 1e-3",
            than="lr 1e-6",
            at=0.2,
        ),
        claim("At 1e-5 it is slow, too (C2)", better="lr 1e-3", than="lr 1e-5", at=0.2),
        claim("1e-3 is the best of them (the report's choice)", best="lr 1e-3"),
    ],
    # Ten seeds: that a rate fails is a share of seeds, and five of five say little about a share.
    demo=Scale.demo(seeds=10, batch_size=32, epochs=5),
)

if __name__ == "__main__":
    main(STUDY)
