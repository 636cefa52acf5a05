"""Does dropout help a ResNet that has batch normalisation, or can it take its place? (report A)

python studies/resnet_norm_dropout.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import sgd
from studies.engine import Arm, Scale, Study, claim, main

BOTH = ["bn_dropout", "dropout_bn"]

STUDY = Study(
    name="resnet_norm_dropout",
    question="Does dropout help ResNet-18: in the place of batch normalisation, after it, or before it?",
    # Left open: SGD, batch, weight decay (those of PyTorch's ImageNet script), augmentation (none: it would keep train below 100 %).
    base=Recipe(model="resnet18", stem_pool=2, dataset="tiny_imagenet", validation=0.0, lr=0.1, weight_decay=1e-4, batch_size=256,
                schedule="step", step_size=5, gamma=0.5, epochs=20),
    arms={"resnet18": Arm(), "dropout": Arm(dropout=0.2, dropout_at="instead"), "bn_dropout": Arm(dropout=0.2, dropout_at="after"),
          "dropout_bn": Arm(dropout=0.2, dropout_at="before"), "ss3": Arm(model="ss3")},
    baseline="resnet18",
    tune=sgd.LEARNING_RATE,
    reported={"resnet18": {"test/acc1": (30, 50), "train/acc1": 100}, "ss3": {"train/acc1": (50, 60)},  # read off curves
              "bn_dropout": {"train/acc1": (50, 60), "train/acc5": (80, 90)},
              "dropout_bn": {"train/acc1": (50, 60), "train/acc5": (80, 90)}},
    claims=[
        claim("With BN, dropout lowers train minus test accuracy (A1)", better=BOTH, than="resnet18", metric="gap"),
        claim("The test loss ends lower with both: it does not rise again (A1)", better=BOTH, than="resnet18", metric="test/loss"),
        claim("Dropout in the place of BN lowers the gap, too (A1)", better="dropout", than="resnet18", metric="gap"),
        claim("Dropout beside BN lowers train accuracy (A2)", better="resnet18", than=BOTH, metric="train/acc1"),
        claim("With dropout in the place of BN one seed in five trains, or more (else it says nothing)", trains="dropout", share=0.2),
        claim("Dropout before or after BN makes no difference (A3)", equal=BOTH),
        claim("Dropout after BN is better (arXiv 1801.05134)", better="bn_dropout", than="dropout_bn"),
        claim("SS3 over-fits less than the control (A4)", better="ss3", than="resnet18", metric="gap"),
    ],
    demo=Scale.demo(train_size=1000, width=0.25, batch_size=64, epochs=20), smoke=Scale.smoke(image_size=16, width=0.125),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
