"""Which normalisation layer is best in AlexNet-B: none, local response or batch? (report B)

python studies/normalisation.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="normalisation",
    question="Which normalisation is best in AlexNet-B: none, local response (LRN) or batch (BN)?",
    # The report says "a small learning rate": Adam's usual 1e-3. It compares on AlexNet-B, which has LRN by itself.
    base=Recipe(model="alexnet_b", dataset="folder:characters12", optimizer="adam", lr=1e-3, batch_size=64, epochs=20),
    arms={
        "none": Arm(norm="none"),
        "LRN": Arm(norm="lrn"),
        "BN": Arm(norm="batch"),
        "none, B's test": Arm(norm="none", testing="training_mode", tune={}),  # see study testing_mode
        "LRN, B's test": Arm(norm="lrn", testing="training_mode", tune={}),
        "BN, B's test": Arm(norm="batch", testing="training_mode", tune={}),
    },
    baseline="none",
    tune=adam.LEARNING_RATE,
    # The report draws no conclusion; these are what the papers on VGG (arXiv 1409.1556) and BN (arXiv 1502.03167) say.
    claims=[
        claim("LRN makes no difference (arXiv 1409.1556)", equal=["none", "LRN"]),
        claim("BN is the best of the three (arXiv 1502.03167)", best="BN"),
    ],
    demo=Scale.demo(dataset="mnist5k", train_size=2000, image_size=14, width=0.25, epochs=8),
    smoke=Scale.smoke(dataset="mnist5k", width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
