"""Report D's studies on colour images, as small as two cores need: 5,000 of CIFAR-10's training images, narrow networks, few epochs.

python docs/results/cifar10_small.py                 all nine, as reported; a run that was broken off goes on
python docs/results/cifar10_small.py losses erasing  these alone

Like every study it reads data/ and writes results/ where it is called.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from studies.engine import Scale, Study

COLOUR: Mapping[str, Any] = {
    "dataset": "cifar10",
    "train_size": 5000,
    "width": 0.25,
    "batch_size": 64,
    "crop": 4,
    "flip": True,
}
# The question decides the epochs: VGG needs more than ResNets to begin, and only who has over-fitted can over-fit less.
EPOCHS = {
    "losses": 10, "activations": 10, "schedules": 10, "stem_kernels": 10, "model_size": 10,
    "erasing": 20, "best_recipe": 30, "vgg_bn_vs_nobn": 15, "loss_landscape": 8,
}  # fmt: skip


def small(name: str) -> Study:
    """The study of this name; its demo scale has colour images."""
    study: Study = import_module(f"studies.{name}").STUDY
    own: Mapping[str, Any] = {"landscape": study.demo.changes["landscape"]} if name == "loss_landscape" else {}
    return replace(study, demo=Scale.demo(epochs=EPOCHS[name], **COLOUR, **own))


if __name__ == "__main__":
    for each in sys.argv[1:] or EPOCHS:
        small(each).run(scale="demo", only="reported")
