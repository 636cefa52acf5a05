"""Does batch normalisation help VGG-A, and does that depend on the learning rate? (report D, table D8)

python studies/vgg_bn_vs_nobn.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam, grids
from studies.engine import Scale, Study, claim, grid, main

RATES = ("lr 2e-3", "lr 5e-4", "lr 1e-4")

STUDY = Study(
    name="vgg_bn_vs_nobn",
    question="Does batch normalisation help VGG-A, and does that depend on the learning rate?",
    # Left open: that VGG is VGG-A, its head, batches of 128 and a crop from 4 pixels; and the optimiser and its weight decay:
    # Adam without any, as by SGD VGG-A does not reach at 1e-4 what it reached.
    base=Recipe(model="vgg_a", dataset="cifar10", validation=0.0, optimizer="adam", crop=4, flip=True, epochs=50),
    arms=grid(lr=[2e-3, 1e-4, 5e-4], norm=grids.NORM), baseline="lr 5e-4 · no bn",
    tune=adam.LEARNING_RATE, rows="lr", columns="norm",
    reported={"lr 2e-3 · bn": 86.40, "lr 1e-4 · bn": 81.77, "lr 5e-4 · bn": 87.14,
              "lr 2e-3 · no bn": 75.98, "lr 1e-4 · no bn": 81.71, "lr 5e-4 · no bn": 83.90},
    claims=[
        claim("BN helps at 2e-3 (D-g)", better="lr 2e-3 · bn", than="lr 2e-3 · no bn"),
        claim("BN helps at 5e-4 (D-g)", better="lr 5e-4 · bn", than="lr 5e-4 · no bn"),
        claim("BN makes no difference at 1e-4 (D-g)", equal=["lr 1e-4 · bn", "lr 1e-4 · no bn"]),
        claim("More at 2e-3 than at 5e-4 (D-g)", grows=["lr 2e-3 · bn", "lr 2e-3 · no bn"], than=["lr 5e-4 · bn", "lr 5e-4 · no bn"]),
        claim("More at 5e-4 than at 1e-4 (D-g)", grows=["lr 5e-4 · bn", "lr 5e-4 · no bn"], than=["lr 1e-4 · bn", "lr 1e-4 · no bn"]),
        *(claim(f"With BN {what} faster at {lr} (D-i)", better=f"{lr} · bn", than=f"{lr} · no bn", metric=metric, at=0.1)
          for what, metric in (("train accuracy rises", "train/acc1"), ("the loss falls", "train/loss")) for lr in RATES),
    ],
    demo=Scale.demo(train_size=2500, image_size=32, width=0.125, crop=2, batch_size=32),
    smoke=Scale.smoke(image_size=32, width=0.125),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
