"""The networks at a glance, computed from the networks themselves: report A's comparison, and every layer of one of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from cnnzoo.nets import ZOO
from cnnzoo.nets.blocks import Shape
from cnnzoo.recipe import Recipe, defaults_of
from cnnzoo.structure import Structure, describe
from cnnzoo.terminal.tables import plain_table


@dataclass(frozen=True, eq=False)
class Section:
    """Networks of a report, and the images they are counted at."""

    title: str
    shape: Shape
    classes: int
    models: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)  # of all its networks, where they are not the defaults

    def structure_of(self, model: str) -> Structure:
        return describe(Recipe(model=model, **self.options), self.shape, self.classes)

    @property
    def heading(self) -> str:
        options = "".join(f", {name}={value}" for name, value in self.options.items())
        return f"{self.title}: {'x'.join(map(str, self.shape))}, {self.classes} classes{options}"


RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
VGGS = ("vgg11", "vgg13", "vgg16", "vgg19")
SECTIONS = (
    Section("Report C, MNIST", (1, 28, 28), 10, ("lenet", "alexnet", *VGGS, "googlenet", *RESNETS)),
    Section("Report B, handwritten characters", (1, 28, 28), 12, ("lenet_b", "alexnet_b")),
    Section("Report A, the LeNet of 1998", (1, 28, 28), 10, ("lenet_1998",)),
    Section("Reports A and B, the AlexNet of ImageNet", (3, 227, 227), 1000, ("alexnet_original",)),
    Section("Report A, Tiny-ImageNet", (3, 64, 64), 200, ("resnet18", "ss3"), {"stem_pool": 2}),
    Section("Report D, CIFAR-10", (3, 32, 32), 10, ("res18", "res9", "simp_res9", "vgg_a")),
)
SECTION_OF = {model: section for section in reversed(SECTIONS) for model in section.models}  # the first that has it

LEFT = ("network", "activ.", "pooling", "overlap", "order of layers", "output")
RIGHT = ("layers", "conv", "fc", "drop", "skip", "parameters", "MB", "MFLOPs")
LEGEND = """\
activ.    activation
overlap   windows of a pooling larger than its stride
order     from one convolution to the next
output    the softmax is part of the loss
layers    with weights, along the longest way
conv      convolutional layers, those of shortcuts included
fc        fully connected layers; RBF units are neither
drop      dropout layers
skip      shortcuts (residual sums)
MB        of the file that torch.save writes, of 2**20 bytes
MFLOPs    an image forward, two for a multiply-add

python -m cnnzoo NAME shows one network layer by layer,
python -m cnnzoo train NAME trains it."""


def as_json(models: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row of the table for each of these networks, in each section that has it."""
    return [_as_json(section, model) for section in SECTIONS for model in section.models if model in models]


def _as_json(section: Section, model: str) -> dict[str, Any]:
    structure = asdict(section.structure_of(model))
    del structure["layers"]
    where = {"name": model, "shape": section.shape, "classes": section.classes, "options": dict(section.options)}
    return {**where, **structure.pop("size"), **structure}


def overview(screen: int) -> RenderableType:
    """The table of all networks, a section for each report and its images; on a narrow screen in two parts."""
    rows = {section: [_row(section, model) for model in section.models] for section in SECTIONS}
    columns = zip(*(row for each in rows.values() for row in each), strict=True)
    widths = {name: max(map(len, (name, *column))) for name, column in zip((*LEFT, *RIGHT), columns, strict=True)}
    whole = sum(width + 1 for width in widths.values()) <= screen
    parts = [(*LEFT, *RIGHT)] if whole else [LEFT, (LEFT[0], *RIGHT)]
    shown = ({name: widths[name] for name in part} for part in parts)
    return Group(*(_table(section, rows[section], part) for part in shown for section in SECTIONS), LEGEND)


def _table(section: Section, rows: list[tuple[str, ...]], widths: Mapping[str, int]) -> Table:
    """These columns of a section, as wide as those of all the others, so that the sections stand as one table."""
    table = Table(title=section.heading, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    for name, width in widths.items():
        table.add_column(
            name, width=width, justify="left" if name in LEFT else "right", header_style="dim", no_wrap=True
        )
    for row in rows:
        table.add_row(*(cell for name, cell in zip((*LEFT, *RIGHT), row, strict=True) if name in widths))
    table.add_row()
    return table


def _row(section: Section, model: str) -> tuple[str, ...]:
    s = section.structure_of(model)
    pooling, overlap = s.pooling.replace("max, average", "max+avg"), "yes" if s.overlapping else "no"
    counts = (s.depth, s.convolutions, s.fully_connected, s.dropout, s.shortcuts, s.size.parameters)
    sizes = (three_digits(s.size.size_mb), three_digits(s.size.flops / 1e6))
    return model, s.activation, pooling, overlap, s.order, s.output, *(f"{count:,}" for count in counts), *sizes


def three_digits(value: float) -> str:
    """With at least three digits: 0.24, 44.6, 1,187."""
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def layers_of(model: str) -> RenderableType:
    """One network, a line for each layer that an image passes."""
    section = SECTION_OF[model]
    structure = section.structure_of(model)
    options = {**defaults_of(ZOO[model]), **section.options}
    told = f"options, as they are here: {', '.join(f'{option}={value}' for option, value in options.items())}\n"
    table = plain_table("name", "layer", right=("output", "parameters"))
    for layer in structure.layers:
        output = "x".join(map(str, layer.output))
        table.add_row(layer.path, layer.text, output, f"{layer.parameters:,}" if layer.parameters else "")
    size = structure.size
    sum_of_all = f"\n{size.parameters:,} parameters, {size.size_mb:.2f} MB, {size.flops / 1e6:,.2f} MFLOPs an image"
    return Group(f"{model}: {section.heading}", told, table, sum_of_all)
