"""Does batch normalisation smooth the loss landscape of VGG-A? (report D, figure D9; after arXiv 1805.11604)

python studies/loss_landscape.py   # run it, or go on where it stopped
python analysis/plot.py landscape --study loss_landscape
"""

from cnnzoo import Recipe
from search_spaces import grids
from studies.engine import Scale, Study, claim, grid, main

RATES = ("lr 1e-3", "lr 2e-3", "lr 1e-4", "lr 5e-4")
CHANGE = "landscape/gradient_max"

STUDY = Study(
    name="loss_landscape",
    question="Does batch normalisation lower and narrow VGG-A's training loss over learning rates, and its gradient's change?",
    # Left open: what vgg_bn_vs_nobn says, the four rates, and how many steps look along the gradient: every tenth does.
    base=Recipe(model="vgg_a", dataset="cifar10", validation=0.0, optimizer="adam", crop=4, flip=True, epochs=50, landscape=10),
    arms=grid(lr=[1e-3, 2e-3, 1e-4, 5e-4], norm=grids.NORM),
    baseline="lr 1e-3 · no bn",
    rows="lr",
    columns="norm",
    claims=[
        *(claim(f"BN lowers the loss at {lr} (D-h)", better=f"{lr} · bn", than=f"{lr} · no bn", metric="step/loss") for lr in RATES),
        *(claim(f"BN calms the gradient at {lr} (D-h)", better=f"{lr} · bn", than=f"{lr} · no bn", metric=CHANGE) for lr in RATES),
        claim(
            "BN narrows the band of the loss over the rates (D-h)",
            narrower=[f"{lr} · bn" for lr in RATES], than=[f"{lr} · no bn" for lr in RATES], metric="step/loss",
        ),
    ],
    demo=Scale.demo(train_size=2500, image_size=32, width=0.125, crop=2, batch_size=32, landscape=10),
    smoke=Scale.smoke(image_size=32, width=0.125),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
