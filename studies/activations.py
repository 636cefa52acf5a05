"""Does the activation function matter once each one has its own tuned learning rate? (report D, table D3)

python studies/activations.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="activations",
    question="Which activation gives simp_Res9 the best accuracy?",
    # Left open: batches of 128, the recipe's own, and a crop from a margin of 4 pixels.
    base=Recipe(
        model="simp_res9", dataset="cifar10", validation=0.0, lr=1e-2, weight_decay=5e-4, crop=4, flip=True, epochs=50
    ),
    arms={name: Arm(activation=name) for name in ("relu", "mish", "elu", "rrelu", "gelu")},
    baseline="relu",
    tune=sgd.LEARNING_RATE,
    reported={
        "relu": {"test/acc1": 90.58, "train/acc1": 97.994},
        "mish": {"test/acc1": 88.86, "train/acc1": 96.282},
        "elu": {"test/acc1": 86.66, "train/acc1": 92.860},
        "rrelu": {"test/acc1": 88.66, "train/acc1": 95.568},
        "gelu": {"test/acc1": 90.46, "train/acc1": 97.648},
    },
    claims=[
        claim("Mish and GELU are best (D-c, the prose)", better=["mish", "gelu"], than=["relu", "elu", "rrelu"]),
        claim("ReLU and RReLU are worst (D-c, the prose)", better=["mish", "elu", "gelu"], than=["relu", "rrelu"]),
        claim("ReLU is best (D-c, the report's table)", best="relu"),
        claim("ELU is slow: train accuracy rises later (D-k)", better="relu", than="elu", metric="train/acc1", at=0.1),
        claim("But it generalises: its gap of train and test is the smallest (D-k)", best="elu", metric="gap"),
    ],
    demo=Scale.demo(image_size=14, width=0.125, crop=1, batch_size=64, lr=3e-3, epochs=8),  # 1e-2 is noisier
    smoke=Scale.smoke(image_size=16, width=0.125),
)

if __name__ == "__main__":
    main(STUDY)
