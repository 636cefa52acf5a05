"""At which learning rates does a LeNet with sigmoids train? (report C)

python studies/lenet_sigmoid_lr.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from studies.engine import Scale, Study, claim, grid, main

STUDY = Study(
    name="lenet_sigmoid_lr",
    question="At which learning rates does LeNet train with sigmoid activations?",
    # Epochs and batch are left open, and the pooling. Max pooling, as for the ReLU, so that only the activation differs from lenet_lr.
    base=Recipe(model="lenet", activation="sigmoid", dataset="mnist", optimizer="adam", batch_size=64, epochs=10),
    # The report names the ends of the range that trains. The five rates: these two, one on either side, one between.
    arms=grid(lr=[0.1, 0.01, 1e-3, 1e-5, 1e-6]),
    baseline="lr 1e-3",
    claims=[
        claim("It trains at 0.01 and at 1e-5, and so in between (C1)", trains=["lr 0.01", "lr 1e-3", "lr 1e-5"]),
        claim("It does not train above 0.01 (C1)", fails="lr 0.1"),
        claim("It does not train below 1e-5 (C1)", fails="lr 1e-6"),
    ],
    demo=Scale.demo(seeds=10, batch_size=16, epochs=8),
)

if __name__ == "__main__":
    main(STUDY)
