"""Does batch normalisation help VGG-A, and does that depend on the learning rate? (report D, table D8)

python studies/vgg_bn_vs_nobn.py            # run it, or go on where it stopped
python analysis/tables.py --study vgg_bn_vs_nobn
"""

from cnnzoo import Recipe
from search_spaces import adam, grids
from studies.engine import Scale, Study, claim, grid, main

ARMS = grid(lr=[2e-3, 1e-4, 5e-4], norm=grids.NORM)

STUDY = Study(
    name="vgg_bn_vs_nobn",
    question="Does batch normalisation help VGG-A, and does that depend on the learning rate?",
    # Left open: the optimiser and its weight decay. Adam without any, as by SGD VGG-A does not reach at 1e-4 what it reached.
    base=Recipe(model="vgg_a", dataset="cifar10", optimizer="adam", crop=4, flip=True, epochs=50),
    arms=ARMS,
    baseline="lr 5e-4 · no bn",
    tune=adam.LEARNING_RATE,
    rows="lr",
    columns="norm",
    reported=dict(zip(ARMS, (86.40, 75.98, 81.77, 81.71, 87.14, 83.90), strict=True)),
    claims=[
        claim("BN helps at 2e-3 (D-g)", better="lr 2e-3 · bn", than="lr 2e-3 · no bn"),
        claim("BN helps at 5e-4 (D-g)", better="lr 5e-4 · bn", than="lr 5e-4 · no bn"),
        claim("BN makes no difference at 1e-4 (D-g)", equal=["lr 1e-4 · bn", "lr 1e-4 · no bn"]),
        claim("BN helps more at 2e-3 than at 5e-4 (D-g)", grows=list(ARMS)[:2], than=list(ARMS)[4:]),
        claim("BN helps more at 5e-4 than at 1e-4 (D-g)", grows=list(ARMS)[4:], than=list(ARMS)[2:4]),
    ],
    demo=Scale.demo(seeds=5, trials_per_arm=6, image_size=32, width=0.125, crop=2, batch_size=32),
    smoke=Scale.smoke(image_size=32, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
