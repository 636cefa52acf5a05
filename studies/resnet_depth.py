"""Does a deeper ResNet do better on MNIST? (report C)

python studies/resnet_depth.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

ARMS = {f"ResNet-{depth}": Arm(model=f"resnet{depth}") for depth in (18, 34, 50, 101, 152)}

STUDY = Study(
    name="resnet_depth",
    question="Does a deeper ResNet do better on MNIST?",
    # The learning rate that report C chose for ResNet; epochs and batch are left open.
    base=Recipe(model="resnet18", dataset="mnist", optimizer="adam", lr=5e-4, batch_size=64, epochs=10),
    arms=ARMS,
    baseline="ResNet-18",
    tune=adam.LEARNING_RATE,
    # The report draws no conclusion; these are what shortcuts are for (arXiv 1512.03385).
    claims=[
        claim("ResNets train at every depth: above 90 % on average (arXiv 1512.03385)", reaches=list(ARMS), above=90),
        claim(
            "ResNet-152 is better than ResNet-18 (arXiv 1512.03385, on ImageNet)", better="ResNet-152", than="ResNet-18"
        ),
    ],
    # So deep and so narrow, ResNet-101 and ResNet-152 hardly begin to learn within the minutes of a demo.
    demo=Scale.demo(trials_per_arm=2, train_size=800, image_size=14, width=0.125, batch_size=32, epochs=3),
    smoke=Scale.smoke(seeds=1, trials_per_arm=1, width=0.125, image_size=8, train_size=64, epochs=1),
)

if __name__ == "__main__":
    main(STUDY)
