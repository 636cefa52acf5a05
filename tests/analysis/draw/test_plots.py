"""The plots: that they show the numbers they were given, and that every figure of a study comes out as a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Read
from fake_study import LR, Trial, activations, bn_grid, reported, searched, spec, without_validation, write_book
from matplotlib.figure import Figure

from analysis import plot
from analysis.draw import curves, forest, heatmap, landscape, scatter
from analysis.draw.figures import draw, encoded, look, styles


def test_every_arm_has_a_look_of_its_own() -> None:
    looks = styles([str(i) for i in range(24)])
    assert len({(s.color, s.marker) for s in looks.values()}) == 24
    assert len({str(s.line) for s in list(looks.values())[:8]}) == 8, "to be told apart in black and white"
    assert len({s.marker for s in list(looks.values())[:16]}) == 16, "the lr x dropout grids have nine arms"


def test_an_arm_looks_the_same_in_all_figures(read: Read) -> None:
    results = read(*activations())
    assert look(results) == look(results)
    partial = read(spec(name="partial"), reported("elu", [90.0, 91.0]))
    assert look(partial)["elu"] == look(results)["elu"]


def test_pairs_join_the_values_of_each_seed_with_the_baseline_first(read: Read) -> None:
    trials = [*reported("mish", [91.0, 95.0]), *reported("relu", [90.0, 92.0]), *reported("elu", [])]
    figure = draw(forest.pairs, read(spec(tuned_arms={}), trials), "reported")
    assert figure is not None
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["relu\n(baseline)", "mish"]
    assert [list(map(float, line.get_ydata())) for line in axes.lines] == [[90.0, 91.0], [92.0, 95.0]]
    alone = read(spec(tuned_arms={}), reported("relu", [90.0, 92.0]))
    assert draw(forest.pairs, alone, "reported") is None


def test_a_line_of_an_interaction_plot_that_is_an_arm_looks_like_it(read: Read) -> None:
    results = read(*bn_grid())
    figure = draw(heatmap.heatmap, results, "reported")
    assert figure is not None
    drawn = {line.get_label(): line.lines[0] for line in figure.axes[1].containers}
    assert {name: line.get_color() for name, line in drawn.items()} == {
        name: look(results)[name].color for name in ("bn", "no bn")
    }
    assert look(results, ["bn", "other"])["other"] not in look(results).values()


def named(figure: Figure | None) -> list[str]:
    assert figure is not None
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_legend_names_what_any_panel_shows(read: Read) -> None:
    tune = {"relu": LR, "mish": {**LR, "l1": LR["lr"]}, "elu": {**LR, "weight_decay": LR["lr"]}}
    trials = [
        replace(trial, fields={**trial.fields, **dict.fromkeys(tune[arm], 0.1)})
        for arm in tune
        for trial in searched(arm, [0.1])
    ]
    figure = draw(scatter.isolation, read(spec(tune=tune), trials), "confirm")
    assert named(figure) == ["relu", "mish", "elu"]


def test_intervals_are_announced_where_there_are_some(read: Read) -> None:
    plan, trials = bn_grid()
    whole = draw(heatmap.heatmap, read(plan, trials), "reported")
    assert whole is not None
    assert "with 95 % intervals" in whole.get_suptitle()
    one = draw(heatmap.heatmap, read({**plan, "name": "one"}, [t for t in trials if t.seed == 1]), "reported")
    assert one is not None
    assert one.get_suptitle() == "one, scale demo, mnist5k, as reported\none seed"


def test_a_curve_is_the_mean_in_the_range_over_seeds() -> None:
    axes = Figure().subplots()
    curves.curve(axes, pd.DataFrame([[1, 3], [2, 6]], index=[1, 2]), "x", styles(["x"])["x"])
    assert list(axes.lines[0].get_ydata()) == [2, 4]
    corners = axes.collections[0].get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (1, 6)


def test_the_pareto_front() -> None:
    assert scatter.pareto([(3, 90), (1, 80), (2, 79), (4, 90), (2, 85)]) == [(1, 80), (2, 85), (3, 90)]
    assert scatter.pareto([(1, 80), (1, 81)]) == [(1, 81)]


def test_a_forest_shows_seeds_means_and_differences(read: Read) -> None:
    figure = draw(forest.forest, read(*activations()), "reported")
    assert figure is not None
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["relu (baseline)", "mish", "elu"]
    assert sorted(x for points in left.collections for x, _ in points.get_offsets().tolist())[-1] == pytest.approx(93.9)
    points = [line.get_xdata()[0] for line in right.lines if len(line.get_xdata()) == 1]
    assert points == pytest.approx([2.0, -4.0])


def test_no_interval_goes_beyond_100_percent(read: Read) -> None:
    figure = draw(forest.forest, read(spec(tuned_arms={}), reported("relu", [99.0, 99.9])), "reported")
    assert figure is not None
    assert max(max(line.get_xdata()) for line in figure.axes[0].lines) == 100


def test_at_smoke_a_figure_says_so(read: Read) -> None:
    plan, trials = activations()
    results = read({**plan, "scale": "smoke"}, [replace(t, scale="smoke") for t in trials])
    figure = draw(forest.forest, results, "reported")
    assert figure is not None
    assert figure.get_suptitle().startswith("SMOKE: these numbers mean nothing\n")
    assert len(figure.axes) == 1, "and nothing is compared"


def test_the_front_of_a_single_point_is_seen() -> None:
    axes = Figure().subplots()
    scatter.by_cost(axes, {"a": (1.0, 90.0, 1.0), "b": (2.0, 80.0, np.nan)}, styles(["a", "b"]))
    limits = axes.axis()
    assert limits[0] < 1 < 2 < limits[1] < 3
    (front,) = [line for line in axes.lines if line.get_color() == "0.5"]
    (from_x, *_, to_x), (from_y, *_, to_y) = front.get_data()
    assert (from_x, to_y) == (1, 90)
    assert from_y < limits[2]
    assert to_x > limits[1]


def test_sizes_that_are_nearly_the_same_have_few_ticks() -> None:
    axes = Figure().subplots()
    scatter.by_cost(axes, {"a": (0.5851, 90.0, 1.0), "b": (0.5891, 80.0, 1.0)}, styles(["a", "b"]))
    assert len(axes.get_xticks()) <= 7  # the outermost may lie beyond the edges


def test_a_heat_map_writes_its_figures_and_marks_one() -> None:
    axes = Figure().subplots()
    heatmap.heat(axes, ["a", "b"], ["x", "y"], np.array([[1.0, 2.0], [np.nan, 4.0]]), (1, 1))
    assert [t.get_text() for t in axes.texts] == ["1.00", "2.00", "–", "4.00 *"]
    assert len(axes.patches) == 1


@pytest.mark.parametrize(
    ("figure", "suffix"),
    [
        ("forest", ".png"),
        ("pairs", ".png"),
        ("curves", ".png"),
        ("heatmap", ".svg"),
        ("heatmap", ".pdf"),
        ("tradeoff", ".pdf"),
        ("isolation", ".svg"),
    ],
)
def test_every_figure_as_a_file(figure: str, suffix: str) -> None:
    write_book(*bn_grid())
    assert plot.main([figure, "--study", "vgg_bn", "--out", f"out/x{suffix}"]) == 0
    assert Path(f"out/x{suffix}").stat().st_size > 1000


def test_the_default_file_says_what_it_is() -> None:
    write_book(*activations())
    assert plot.main(["curves", "--study", "activations", "--tuned"]) == 0
    assert Path("activations-curves-tuned.png").exists()


def test_the_same_numbers_draw_the_same_bytes(read: Read) -> None:
    results = read(*activations())
    drawn = [draw(curves.curves, results, "reported") for _ in range(2)]
    assert len({encoded(figure, "svg") for figure in drawn if figure}) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "x.jpg"], r"--out x.jpg must end with .png, .svg, .pdf; try --out x.png"),
        (["--out", "folder"], "is a folder"),
        (["--tuned"], "has no curves to draw tuned"),
    ],
)
def test_mistakes(arguments: list[str], said: str) -> None:
    write_book(spec(), reported("relu", [90.0]))
    Path("folder").mkdir()
    with pytest.raises(ValueError, match=said):
        plot.main(["curves", "--study", "activations", *arguments])


def test_all_seeds_diverged_draws_nothing() -> None:
    write_book(spec(), reported("relu", [None, None]))
    for figure in ("curves", "tradeoff", "heatmap", "isolation"):
        with pytest.raises(ValueError, match=f"has no {figure} to draw"):
            plot.main([figure, "--study", "activations"])


def steps(arm: str, seed: int, norm: str, losses: list[float], **more: list[float]) -> Trial:
    extra = {"step/loss": losses, **{f"landscape/{name}": values for name, values in more.items()}}
    return Trial(arm, "reported", seed, fields={"norm": norm}, extra=extra)


def test_the_band_of_step_losses(read: Read) -> None:
    arms = {"bn": {"norm": "batch"}, "no bn": {"norm": "none"}}
    trials = [
        steps("bn", 1, "batch", [2.0, 1.0]),
        steps("bn", 2, "batch", [2.2, 0.8, 0.7], loss_min=[0.9], loss_max=[1.1]),
        steps("no bn", 1, "none", [3.0, 2.0]),
    ]
    results = read(spec(arms=arms, tuned_arms={}, baseline="bn"), trials)
    bands = landscape.bands(results, "reported")
    assert list(bands) == ["training loss", "loss along the gradient"]
    band = bands["training loss"]["bn"]
    assert band.to_dict("list") == {"min": [2.0, 0.8, 0.7], "max": [2.2, 1.0, 0.7]}
    assert list(band.index) == [1, 2, 3]
    assert bands["loss along the gradient"]["bn"].to_dict("list") == {"min": [0.9], "max": [1.1]}


def test_a_band_is_over_learning_rates(read: Read) -> None:
    plan, trials = bn_grid()
    high = {"bn · lr 2e-3": 1.0, "bn · lr 1e-4": 2.0, "no bn · lr 2e-3": 5.0, "no bn · lr 1e-4": 2.5}
    tested = [replace(t, extra={"step/loss": [high[t.arm]] * 1000}) for t in trials if t.stage == "reported"]
    results = read(plan, tested)
    band = landscape.bands(results, "reported")["training loss"]
    assert {name: (own["min"].iloc[0], own["max"].iloc[0]) for name, own in band.items()} == {
        "bn": (1.0, 2.0),
        "no bn": (2.5, 5.0),
    }
    figure = draw(landscape.landscape, results, "reported")
    assert figure is not None
    assert figure.axes[0].get_yscale() == "log", "one spike must not flatten the rest"
    corners = figure.axes[0].collections[0].get_paths()[0].vertices
    assert len(corners) < 800, "more points than can be seen are means over some steps"


def test_test_curves_say_that_they_choose_nothing_and_without_validation_data_there_are_no_panels_of_it(
    read: Read,
) -> None:
    plan = without_validation()
    figure = draw(curves.curves, read(plan, reported("relu", [90.0, 91.0], plan["arms"]["relu"])), "reported")
    assert figure is not None
    assert [axes.get_title() for axes in figure.axes] == [
        "train loss", "train acc@1", "test loss (chooses nothing)", "test acc@1 (chooses nothing)",
    ]  # fmt: skip


def test_epochs_after_a_search_trial_was_stopped_are_not_drawn(read: Read) -> None:
    trials = searched("relu", [0.1, 0.2], outcomes=["completed", "stopped"])
    figure = draw(scatter.isolation, read(spec(), [trials[0], replace(trials[1], beyond=2)]), "confirm")
    assert figure is not None
    assert {y for points in figure.axes[0].collections for _, y in points.get_offsets().tolist()} == {80.0, 76.0}


def test_the_figure_of_report_d_is_loss_train_and_test_accuracy(read: Read) -> None:
    results = read(*activations())
    figure = draw(curves.learning, results, "reported")
    assert figure is not None
    loss, train, test = figure.axes
    assert (loss.get_title(), train.get_title()) == ("train loss", "train acc@1")
    assert test.get_title() == "test acc@1 (chooses nothing)"
    relu = test.lines[0]
    assert list(relu.get_ydata()) == pytest.approx([88, 89, 90, 91]), "up to the mean of 90, 91.1 and 91.9"
    assert draw(curves.learning, results, "confirm") is None, "tuned arms are tested once, at the end"
