"""Which of five classic networks is best on MNIST, each with the setting chosen for it? (report C)

python studies/five_architectures.py   # run it once the five studies it imports are done, or go on
"""

from cnnzoo import Recipe
from studies.alexnet_lr_dropout import STUDY as ALEXNET
from studies.engine import Arm, Scale, Study, claim, main
from studies.googlenet_lr_dropout import STUDY as GOOGLENET
from studies.lenet_lr import STUDY as LENET
from studies.resnet_lr import STUDY as RESNET
from studies.vgg_lr_dropout import STUDY as VGG

ARMS = {
    "LeNet": Arm(model="lenet", chosen_in=LENET),
    "AlexNet": Arm(model="alexnet", chosen_in=ALEXNET),
    "VGG-16": Arm(model="vgg16", chosen_in=VGG),
    "GoogLeNet": Arm(model="googlenet", chosen_in=GOOGLENET),
    "ResNet-18": Arm(model="resnet18", chosen_in=RESNET),
}

STUDY = Study(
    name="five_architectures",
    question="Which of five classic networks is best on MNIST, each with the setting that validation data chose for it?",
    # The whole training set, as all is chosen before. Left open: epochs and batch, and the depths of VGG and of ResNet.
    base=Recipe(model="lenet", dataset="mnist", validation=0.0, optimizer="adam", batch_size=64, epochs=10),
    arms=ARMS, baseline="AlexNet",  # the report's best
    claims=[
        claim("AlexNet is the best of the five (C6)", best="AlexNet"),
        claim("The five are close: no two differ by more than half a point (C6)", equal=list(ARMS)),
        claim("Deep ones are worse than small ones (C10)", better=["LeNet", "AlexNet"], than=["VGG-16", "GoogLeNet"]),
    ],
    demo=Scale.demo(epochs=4), smoke=Scale.smoke(epochs=1),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
