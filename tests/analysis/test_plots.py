"""The plots: that they show the numbers they were given, and that every figure of a study comes out as a file."""

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import Read
from fake_study import Trial, activations, bn_grid, reported, spec, write_sql
from matplotlib.figure import Figure

from analysis import curves, heatmap, isolation, landscape, plots, tradeoff
from analysis.figures import curves as curves_figure
from analysis.figures import draw, look, svg


def test_every_arm_has_a_look_of_its_own() -> None:
    styles = plots.styles([str(i) for i in range(24)])
    assert len({(s.color, s.marker) for s in styles.values()}) == 24
    assert len({str(s.line) for s in list(styles.values())[:8]}) == 8, "to be told apart in black and white"


def test_an_arm_looks_the_same_in_all_figures(read: Read) -> None:
    of = read(*activations())
    assert look(of) == look(of)
    partial = read(spec(name="partial"), reported("elu", [90.0, 91.0]))
    assert look(partial)["elu"] == look(of)["elu"]


def test_a_curve_is_the_mean_in_the_range_over_seeds() -> None:
    axes = Figure().subplots()
    plots.curve(axes, [1, 2], [[1, 3], [2, 6]], "x", plots.styles(["x"])["x"])
    assert list(axes.lines[0].get_ydata()) == [2, 4]
    corners = axes.collections[0].get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (1, 6)


def test_the_pareto_front() -> None:
    assert plots.pareto([(3, 90), (1, 80), (2, 79), (4, 90), (2, 85)]) == [(1, 80), (2, 85), (3, 90)]
    assert plots.pareto([(1, 80), (1, 81)]) == [(1, 81)]


def test_a_heat_map_writes_its_figures_and_marks_one() -> None:
    axes = Figure().subplots()
    plots.heat(axes, ["a", "b"], ["x", "y"], [[1.0, 2.0], [np.nan, 4.0]], (1, 1))
    assert [t.get_text() for t in axes.texts] == ["1.00", "2.00", "–", "4.00 *"]
    assert len(axes.patches) == 1


def test_extremes_of_curves_of_different_length() -> None:
    low, high = plots.extremes([[3.0, 2.0, 1.0], [4.0, np.nan]])
    assert (list(low), list(high)) == ([3, 2, 1], [4, 2, 1])


@pytest.mark.parametrize(
    ("tool", "suffix"),
    [(curves, ".png"), (heatmap, ".svg"), (heatmap, ".pdf"), (tradeoff, ".pdf"), (isolation, ".svg")],
)
def test_every_figure_as_a_file(store: Path, tool: ModuleType, suffix: str) -> None:
    write_sql(store, *bn_grid(), study="vgg_bn")
    assert tool.main(["--study", "vgg_bn", "--out", f"out/x{suffix}"]) == 0
    assert Path(f"out/x{suffix}").stat().st_size > 1000


def test_the_default_file_says_what_it_is(store: Path) -> None:
    write_sql(store, *activations())
    assert curves.main(["--study", "activations", "--tuned"]) == 0
    assert Path("activations-curves-tuned.png").exists()


def test_the_same_numbers_draw_the_same_bytes(read: Read) -> None:
    of = read(*activations())
    drawn = [draw(curves_figure, of, "reported") for _ in range(2)]
    assert all(drawn)
    assert svg(drawn[0]) == svg(drawn[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "x.jpg"], r"--out x.jpg must end with .png, .svg, .pdf.\nhint: --out x.png"),
        (["--out", "folder"], "is a folder"),
        (["--tuned"], "has nothing to draw here tuned"),
    ],
)
def test_mistakes(store: Path, arguments: list[str], said: str) -> None:
    write_sql(store, spec(), reported("relu", [90.0]))
    Path("folder").mkdir()
    with pytest.raises(ValueError, match=said):
        curves.main(["--study", "activations", *arguments])


def test_all_seeds_diverged_draws_nothing(store: Path) -> None:
    write_sql(store, spec(), reported("relu", [None, None]))
    for tool in (curves, tradeoff, heatmap, isolation):
        with pytest.raises(ValueError, match="nothing to draw"):
            tool.main(["--study", "activations"])


def steps(arm: str, seed: int, norm: str, losses: list[float]) -> Trial:
    return Trial(arm, "reported", seed, fields={"norm": norm}, extra={"step/loss": losses})


def test_the_band_of_step_losses(read: Read, store: Path) -> None:
    arms = {"bn": {"norm": "batch"}, "no bn": {"norm": "none"}}
    trials = [
        steps("bn", 1, "batch", [2.0, 1.0]),
        steps("bn", 2, "batch", [2.2, 0.8]),
        steps("no bn", 1, "none", [3.0, 2.0]),
    ]
    of = read(spec(arms=arms, tuned_arms={}, baseline="bn"), trials)
    bands = landscape.bands(of, "norm")
    assert list(bands) == ["training loss"]
    low, high = bands["training loss"]["bn"]
    assert (list(low), list(high)) == ([2.0, 0.8], [2.2, 1.0])
    assert landscape.main(["--study", "activations", "--out", "l.svg"]) == 0
    assert re.search("<svg", Path("l.svg").read_text())
    with pytest.raises(ValueError, match="is no recipe field"):
        landscape.main(["--study", "activations", "--by", "nrom"])


def test_no_step_losses(store: Path) -> None:
    write_sql(store, spec(), [replace(t) for t in reported("relu", [90.0])])
    with pytest.raises(ValueError, match="recorded its losses step by step"):
        landscape.main(["--study", "activations"])
