"""The networks at a glance, computed from the networks themselves.

python -m cnnzoo            the table of all networks
python -m cnnzoo NAME       one network, layer by layer
python -m cnnzoo --json     the table as a JSON list
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cnnzoo.blocks import Shape
from cnnzoo.mistake import mistakes_in_a_line
from cnnzoo.nets import ZOO
from cnnzoo.recipe import Recipe, defaults_of
from cnnzoo.spelling import unknown
from cnnzoo.structure import Structure, describe


@dataclass(frozen=True)
class Report:
    """The networks of a report, and the images they are counted at."""

    title: str
    shape: Shape
    classes: int
    models: tuple[str, ...]

    @property
    def images(self) -> str:
        return "x".join(map(str, self.shape))


RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
VGGS = ("vgg11", "vgg13", "vgg16", "vgg19")
REPORTS = (
    Report("Report C, MNIST", (1, 28, 28), 10, ("lenet", "alexnet", *VGGS, "googlenet", *RESNETS)),
    Report("Report B, handwritten characters", (1, 28, 28), 12, ("lenet_b", "alexnet_b")),
    Report("Report B, for reference, ImageNet", (3, 227, 227), 1000, ("alexnet_original",)),
    Report("Report A, Tiny-ImageNet", (3, 64, 64), 200, ("lenet_1998", "ss3")),
    Report("Report D, CIFAR-10", (3, 32, 32), 10, ("res18", "res9", "simp_res9", "vgg_a")),
)
REPORT_OF = {model: report for report in REPORTS for model in report.models}
HEADER = (
    "network", "activ.", "pooling", "overlap", "order of layers", "output",
    "conv", "fc", "drop", "skip", "parameters", "MB", "MFLOPs",
)  # fmt: skip
LEGEND = """
activ.   activation                                   conv     convolutional layers, those of shortcuts included
overlap  windows of a pooling larger than its stride  fc       fully connected layers
order    from one convolution to the next             drop     dropout layers
output   the softmax is part of the loss              skip     shortcuts (residual sums)
MB       of the saved file, of 2**20 bytes            MFLOPs   an image forward, two for a multiply-add

With activation="sigmoid" and pooling="average" lenet is that of 1998, but for its output layer of RBF units.
python -m cnnzoo NAME shows one network layer by layer."""


@mistakes_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cnnzoo",
        description="The networks at a glance, computed from the networks themselves.",
        epilog=f"Networks: {', '.join(ZOO)}.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this network layer by layer")
    parser.add_argument("--json", action="store_true", help="print the table as a JSON list")
    options = parser.parse_args(arguments)
    if options.name is not None and options.name not in ZOO:
        raise unknown("network", options.name, ZOO)
    if options.json:
        print(json.dumps([as_json(name) for name in ([options.name] if options.name else REPORT_OF)], indent=2))
    else:
        print("\n".join(layers_of(options.name) if options.name else overview()))


def structure_of(name: str) -> Structure:
    """The structure of a network as its report has it."""
    report = REPORT_OF[name]
    return describe(Recipe(model=name), report.shape, report.classes)


def as_json(name: str) -> dict[str, Any]:
    structure = asdict(structure_of(name))
    del structure["layers"]
    report, size = REPORT_OF[name], structure.pop("size")
    return {"name": name, "shape": report.shape, "classes": report.classes, **size, **structure}


def overview() -> list[str]:
    """The table of all networks, a section for each report."""
    header, *rows = aligned([HEADER, *(_row(name) for name in REPORT_OF)], HEADER.index("conv"))
    row_of = dict(zip(REPORT_OF, rows, strict=True))
    lines = [header]
    for report in REPORTS:
        lines += ["", f"{report.title}: {report.images}, {report.classes} classes"]
        lines += [row_of[name] for name in report.models]
    return [*lines, LEGEND]


def _row(name: str) -> tuple[str, ...]:
    s = structure_of(name)
    pooling, overlap = s.pooling.replace("max, average", "max+avg"), "yes" if s.overlapping else "no"
    counts = (s.convolutions, s.fully_connected, s.dropout, s.shortcuts, s.size.parameters)
    sizes = (three_digits(s.size.size_mb), three_digits(s.size.flops / 1e6))
    return name, s.activation, pooling, overlap, s.order, s.output, *(f"{count:,}" for count in counts), *sizes


def three_digits(value: float) -> str:
    """With at least three digits: 0.24, 44.6, 1,187."""
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def layers_of(name: str) -> list[str]:
    """One network, a line for each layer that an image passes."""
    report, structure = REPORT_OF[name], structure_of(name)
    size = structure.size
    options = ", ".join(f"{option}={value}" for option, value in defaults_of(ZOO[name]).items())
    rows = [
        (layer.path, layer.text, "x".join(map(str, layer.output)), f"{layer.parameters:,}" if layer.parameters else "")
        for layer in structure.layers
    ]
    return [
        f"{name}: {report.title}, {report.images}, {report.classes} classes",
        f"options, as they are here: {options}",
        "",
        *aligned([("name", "layer", "output", "parameters"), *rows], first_right=2),
        "",
        f"{size.parameters:,} parameters, {size.size_mb:.2f} MB, {size.flops / 1e6:,.2f} MFLOPs an image",
    ]


def aligned(rows: Sequence[Sequence[str]], first_right: int) -> list[str]:
    """The rows with every column as wide as its widest entry; from ``first_right`` on they are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line = "  ".join(f"{{:{'<' if at < first_right else '>'}{width}}}" for at, width in enumerate(widths))
    return [line.format(*row).rstrip() for row in rows]


if __name__ == "__main__":
    main()
