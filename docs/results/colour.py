"""Reports A and D on colour images, as small as two cores need: few images, narrow networks, few epochs, five seeds, as reported.

python docs/results/colour.py                 all ten studies; a run that was broken off goes on
python docs/results/colour.py losses erasing  these alone

Like every study it reads data/ and writes results/ where it is called. Report D has data/cifar10/ as images: it trains on 5,000 of
train/<class>/*.jpg, and test/<class>/ has the first 200 of each class, as all 10,000 would take half as long again after every
epoch. Report A has data/tiny20/, 20 classes of Tiny-ImageNet: train/<class>/*.JPEG, 100 each, and test/<class>/*.JPEG, 20 each.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from cnnzoo.spelling import unknown
from studies.engine import Scale, Study

CIFAR: Mapping[str, Any] = {
    "dataset": "cifar10", "train_size": 5000, "width": 0.25, "batch_size": 64, "crop": 4, "flip": True,
}  # fmt: skip
# The question decides the epochs: VGG needs more than ResNets to begin, and only who has over-fitted can over-fit less.
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "losses": {**CIFAR, "epochs": 10},
    "activations": {**CIFAR, "epochs": 10},
    "schedules": {**CIFAR, "epochs": 10},
    "stem_kernels": {**CIFAR, "epochs": 10},
    "model_size": {**CIFAR, "epochs": 10},
    "erasing": {**CIFAR, "epochs": 20},
    "best_recipe": {**CIFAR, "epochs": 30},
    "vgg_bn_vs_nobn": {**CIFAR, "epochs": 15},
    "loss_landscape": {**CIFAR, "epochs": 8, "landscape": 10},
    "resnet_norm_dropout": {"dataset": "folder:tiny20", "width": 0.25, "batch_size": 64, "epochs": 20},
}


def small(name: str) -> Study:
    """The study of this name; its demo scale has colour images."""
    if name not in CHANGES:
        raise unknown("study on colour images", name, CHANGES)
    study: Study = import_module(f"studies.{name}").STUDY
    return replace(study, demo=Scale.demo(**CHANGES[name]))


if __name__ == "__main__":
    for each in sys.argv[1:] or CHANGES:
        small(each).run(scale="demo", only="reported")
