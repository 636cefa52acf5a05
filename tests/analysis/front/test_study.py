"""A study in a notebook: frames, figures, and what it shows of itself."""

from pathlib import Path

import pytest
from fake_study import activations, claim, reported, spec, write_book
from matplotlib.figure import Figure

import analysis
from cnnzoo.mistake import Mistake


@pytest.fixture
def study() -> analysis.Study:
    plan, trials = activations()
    plan["claims"] = [claim("Mish does better than ReLU", "better", ["mish"], ["relu"])]
    write_book(plan, trials)
    return analysis.load("activations")


def test_trials_and_their_history(study: analysis.Study) -> None:
    assert len(study.trials) == 30
    mish = study.history.query("arm == 'mish' and stage == 'reported' and seed == 2")
    assert list(mish["epoch"]) == [1, 2, 3, 4]
    assert list(mish["val/acc1"]) == [72, 87, 92, 92]
    assert len(study.steps) == 0


def test_the_table_is_numbers(study: analysis.Study) -> None:
    table = study.table().set_index(["stage", "arm"])
    assert table.loc[("reported", "mish"), "difference"] == pytest.approx(2.0)
    assert table.loc[("reported", "elu"), "verdict"] == "worse"


def test_claims_have_a_row_a_way(study: analysis.Study) -> None:
    claims = study.claims()
    assert list(claims["looked_at"]) == ["as reported", "tuned"]
    assert claims["verdict"][0] == "SUPPORTED"
    assert "mish is better than relu by 2.00 points" in claims["why"][0]


def test_it_shows_itself(study: analysis.Study) -> None:
    assert "mish (+2.00) is better than relu" in repr(study)
    html = study._repr_html_()
    assert "mish (+2.00) is better than relu" in html
    assert "<html" not in html
    assert "body {" not in html, "the notebook keeps its own look"


def test_figures_have_axes(study: analysis.Study) -> None:
    figures = [study.plot.forest(), study.plot.forest(tuned=True), study.plot.isolation(), study.plot.tradeoff()]
    assert all(isinstance(figure, Figure) and figure.axes for figure in figures)
    with pytest.raises(Mistake, match="study 'activations' has no heatmap to draw as reported"):
        study.plot.heatmap()


def test_results_elsewhere_at_a_scale() -> None:
    write_book(spec(), reported("relu", [90.0]), Path("there"))
    assert len(analysis.load("activations", "demo", results_dir="there").trials) == 1
    with pytest.raises(Mistake, match="never run at scale 'report'"):
        analysis.load("activations", "report", results_dir="there")
