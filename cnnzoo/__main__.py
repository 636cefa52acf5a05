"""The networks at a glance, computed from the networks themselves.

python -m cnnzoo            the table of all networks
python -m cnnzoo NAME       one network, layer by layer
python -m cnnzoo --json     the table as JSON
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cnnzoo.blocks import Shape
from cnnzoo.nets import ZOO
from cnnzoo.recipe import Recipe
from cnnzoo.spelling import unknown
from cnnzoo.structure import Structure, describe


@dataclass(frozen=True)
class Report:
    """The networks of a report, and the images they are counted at."""

    title: str
    shape: Shape
    classes: int
    models: tuple[str, ...]


RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
VGGS = ("vgg11", "vgg13", "vgg16", "vgg19")
REPORTS = (
    Report("Report C, MNIST", (1, 28, 28), 10, ("lenet", "alexnet", *VGGS, "googlenet", *RESNETS)),
    Report("Report B, handwritten characters", (1, 28, 28), 12, ("lenet_b", "alexnet_b")),
    Report("the original, ImageNet", (3, 227, 227), 1000, ("alexnet_original",)),
    Report("Report A, Tiny-ImageNet", (3, 64, 64), 200, ("ss3",)),
    Report("Report D, CIFAR-10", (3, 32, 32), 10, ("res18", "res9", "simp_res9", "vgg_a")),
)
REPORT_OF = {model: report for report in REPORTS for model in report.models}
HEADER = ("network", "activ.", "pooling", "overlap", "order of layers", "conv", "fc", "drop", "output", "skips",
          "parameters", "MB", "MFLOPs")  # fmt: skip
LEGEND = """\
overlap: some pooling window is larger than its stride · order: from a convolution to the next · conv, fc, drop, skips: how
many convolutional, fully connected and dropout layers and shortcuts · MB: the saved file, in 2**20 bytes · MFLOPs: one image
forward by torch's counter, two for a multiply-add. One network layer by layer: python -m cnnzoo NAME"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cnnzoo", description="The networks at a glance, computed from the networks themselves."
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this network layer by layer")
    parser.add_argument("--json", action="store_true", help="print the table as a JSON list")
    options = parser.parse_args(arguments)
    if options.name is not None and options.name not in ZOO:
        print(unknown("network", options.name, ZOO), file=sys.stderr)
        sys.exit(2)
    if options.json:
        print(json.dumps([as_json(name) for name in ([options.name] if options.name else REPORT_OF)], indent=2))
    else:
        print(layers_of(options.name) if options.name else overview())


def structure_of(name: str) -> Structure:
    report = REPORT_OF[name]
    return describe(Recipe(model=name), report.shape, report.classes)


def as_json(name: str) -> dict[str, Any]:
    report = REPORT_OF[name]
    structure = asdict(structure_of(name))
    del structure["layers"]
    return {"name": name, "shape": report.shape, "classes": report.classes, **structure}


def overview() -> str:
    """The table of all networks, a section for each report."""
    rows = {name: _row(name, structure_of(name)) for name in REPORT_OF}
    widths = [max(len(row[i]) for row in (HEADER, *rows.values())) for i in range(len(HEADER))]
    lines = [_line(HEADER, widths)]
    for report in REPORTS:
        lines += ["", f"{report.title}: {_images(report)}, {report.classes} classes"]
        lines += [_line(rows[name], widths) for name in report.models]
    return "\n".join([*lines, "", LEGEND])


def layers_of(name: str) -> str:
    """One network, a line for each layer that an image passes."""
    report, structure = REPORT_OF[name], structure_of(name)
    defaults = ", ".join(f"{option}={value}" for option, value in defaults_of(ZOO[name]).items())
    header = ("layer", "", "output", "parameters")
    rows = [
        (layer.text, layer.path, "x".join(map(str, layer.output)), f"{layer.parameters:,}" if layer.parameters else "")
        for layer in structure.layers
    ]
    total = (
        f"{structure.parameters:,} parameters, {structure.size_mb:.2f} MB, "
        f"{structure.flops / 1e6:,.1f} MFLOPs for one {_images(report)}"
    )
    return ""
