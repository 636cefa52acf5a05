"""Does batch normalisation help LeNet-B, and does that depend on the size of a batch and on the epochs? (report B)

python studies/batch_norm_batch_size.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam, grids
from studies.engine import Arm, Scale, Study, claim, grid, main

ARMS = grid(batch_size={"batch 64": 64, "batch 1024": 1024}, epochs={"20 epochs": 20, "60 epochs": 60}, norm=grids.NORM)
SHORT = {name: arm.changes for name, arm in ARMS.items() if arm.changes["epochs"] == 20}  # image by image takes long
AS_B = {f"{name}, B's test": Arm(**changes, testing="training_mode", tune={}) for name, changes in SHORT.items()}
BN, NO_BN = "batch 64 · 20 epochs · bn", "batch 64 · 20 epochs · no bn"

STUDY = Study(
    name="batch_norm_batch_size",
    question="Does batch normalisation help LeNet-B, and does that depend on the size of a batch and on the epochs?",
    # The report says "a small learning rate": Adam's usual 1e-3. How it tested is the question of study testing_mode.
    base=Recipe(model="lenet_b", dataset="folder:characters12", optimizer="adam", lr=1e-3, epochs=20),
    arms={**ARMS, **AS_B}, baseline=NO_BN,
    tune=adam.LEARNING_RATE,
    claims=[
        claim("At batch 64, BN is ahead early (B3)", better=BN, than=NO_BN, at=0.1),
        claim("At batch 64, no BN ends ahead (B3)", better=NO_BN, than=BN),
        claim("At batch 64, BN is steadier from epoch to epoch (B7)", better=BN, than=NO_BN, metric="fluctuation"),
        claim("At batch 64, the one without BN rises more late (B7)", better=NO_BN, than=BN, metric="late_gain"),
        claim("At batch 1024 and 20 epochs BN is better (B4)", better="batch 1024 · 20 epochs · bn", than="batch 1024 · 20 epochs · no bn"),
        claim("At batch 1024 and 60 epochs they are level (B5)", equal=["batch 1024 · 60 epochs · bn", "batch 1024 · 60 epochs · no bn"]),
        claim("Tested as the report did, no BN ends ahead at batch 64 (B3)",
              better="batch 64 · 20 epochs · no bn, B's test", than="batch 64 · 20 epochs · bn, B's test"),
    ],
    # All the epochs, as the arms are named after them, but of small images.
    demo=Scale.demo(dataset="mnist5k", image_size=14, train_size=1100, epochs=20),
    smoke=Scale.smoke(dataset="mnist5k", trials_per_arm=2, image_size=8, train_size=1024, epochs=1),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
