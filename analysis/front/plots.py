"""The figures of a study, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partialmethod

from matplotlib.figure import Figure

from analysis.draw.curves import curves, learning
from analysis.draw.figures import Make, draw
from analysis.draw.forest import forest, pairs
from analysis.draw.heatmap import heatmap
from analysis.draw.images import classes, confusion, hardest
from analysis.draw.landscape import landscape
from analysis.draw.networks.graph import network
from analysis.draw.networks.pictures import filters, maps
from analysis.draw.scatter import isolation, tradeoff
from analysis.judge.verdicts import Judged
from cnnzoo.mistake import Mistake
from studies.engine import typed

_ALL = (
    forest, pairs, curves, learning, heatmap, isolation, landscape, tradeoff, classes, confusion, hardest,
    filters, maps, network,
)  # fmt: skip
FIGURES: Mapping[str, Make] = {make.__name__: make for make in _ALL}


@dataclass(frozen=True)
class Plots:
    """Each method draws a figure, whose panels are its ``axes``; ``tuned`` draws the tuned arms, not those as reported."""

    results: Judged

    def figure(self, name: str, *, tuned: bool = False) -> Figure:
        """The figure of that name; a Mistake where the study has nothing to draw."""
        stage, spec = "confirm" if tuned else "reported", self.results.spec
        drawn = draw(FIGURES[name], self.results, stage)
        if drawn is None:
            hint = f"See what is there with {typed.tool('tables', '--study', spec.name)}"
            raise Mistake(f"study {spec.name!r} has no {name} to draw {spec.named_stage(stage)}. {hint}")
        return drawn

    forest = partialmethod(figure, "forest")
    pairs = partialmethod(figure, "pairs")
    curves = partialmethod(figure, "curves")
    learning = partialmethod(figure, "learning")
    heatmap = partialmethod(figure, "heatmap")
    isolation = partialmethod(figure, "isolation", tuned=True)  # searches alone have it
    landscape = partialmethod(figure, "landscape")
    tradeoff = partialmethod(figure, "tradeoff")
    classes = partialmethod(figure, "classes")
    confusion = partialmethod(figure, "confusion")
    hardest = partialmethod(figure, "hardest")
    filters = partialmethod(figure, "filters")
    maps = partialmethod(figure, "maps")
    network = partialmethod(figure, "network")
