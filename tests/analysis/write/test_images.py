"""What tables, claims and the page say of predictions, and what they leave out without them."""

from typing import Any

import numpy as np
import pytest
from fake_predictions import LABELS, keep_predictions, keep_test_set, small_study, write_all
from fake_study import Trial, claim, reported, write_book

from analysis.judge.images.luck import luck
from analysis.judge.verdicts import Judged, judged
from analysis.read.book import Book
from analysis.read.runs import load
from analysis.write.claims import text
from analysis.write.formats import Table
from analysis.write.page import report
from analysis.write.render import numbers, page, render
from studies.engine import schema

HALF = luck([[0, 0, 0, 100, -100, 0, 0, 0, 0, 0], [0, 0, 0, 100, 0, 0, 0, 0, 0, -100]]).half
LEFT_OUT = "Left out for relu and mish: the test set's own error, accuracy by class and confusions, as what"


def read() -> Judged:
    return judged(load(Book(schema.RESULTS), "activations"))


def cells(table: Table) -> dict[str, dict[str, str]]:
    first, *others = table.columns
    return {name: {c.title: c.cells[row] for c in others} for row, name in enumerate(first.cells)}


def test_the_error_of_the_test_set_stands_beside_the_difference() -> None:
    write_all(*small_study())
    made = page(read())
    (accuracy,) = [table for table in made.tables if table.name == "accuracy"]
    assert cells(accuracy)["mish"]["Δ ± test set"] == f"{HALF:.2f}"
    assert cells(accuracy)["relu"]["Δ ± test set"] == "–"
    assert any(note.startswith("± test set: how far the figure may be off") for note in made.notes)
    assert not any(note.startswith("Left out") for note in made.notes)


def test_without_predictions_one_plain_line() -> None:
    write_book(*small_study())
    made = page(read())
    assert [note.startswith(LEFT_OUT) for note in made.notes].count(True) == 1
    assert "test set" not in "".join(column.title for table in made.tables for column in table.columns)
    assert page(read(), "confusions").tables == []
    assert "Image by image" not in report(read(), made)


def test_the_table_of_both_errors() -> None:
    write_all(*small_study())
    (table,) = page(read(), "test-set").tables
    assert table.caption == "What the choice of 10 test images adds, as reported"
    row = cells(table)["mish"]
    assert (row["mean"], row["sd over seeds"], row["difference"]) == ("85.00", "7.07", "+0.00")
    assert "McNemar" not in row
    assert any("2304.01910" in note for note in table.notes)


def test_mcnemar_where_one_seed_each_is_compared() -> None:
    plan, trials = small_study()
    write_all(plan, [trial for trial in trials if trial.seed == 1])
    (table,) = page(read(), "test-set").tables
    assert cells(table)["mish"]["McNemar"] == "1 : 1, p = 1.00"
    assert any(note.startswith("McNemar") for note in table.notes)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("classes", ["ox", "2", "75.0", "50.0"]),
        ("confusions", ["ox → cat", "25.0", "25.0"]),
        ("hardest", ["9", "ox", "3 of 4", "cat (2)"]),
    ],
)
def test_image_by_image(name: str, first: list[str]) -> None:
    write_all(*small_study())
    (table,) = page(read(), name).tables
    assert table.rows()[0] == first
    assert name not in {table.name for table in page(read()).tables}, "only where it is asked for"


def test_the_same_as_numbers() -> None:
    write_all(*small_study())
    row = numbers(read()).set_index("arm").loc["mish"]
    assert row["difference_test_set_half"] == pytest.approx(HALF)
    assert row["seed_sd"] == pytest.approx(np.std([80, 90], ddof=1))


def test_a_claim_says_it_too() -> None:
    write_all(*small_study(claims=[claim("Mish does better", "better", ["mish"], ["relu"])]))
    said = " ".join(text(read()).split())
    assert f"± {HALF:.2f} for the test set" in said


def test_the_page_has_a_folded_section_and_the_word() -> None:
    write_all(*small_study())
    html = report(read(), page(read()))
    assert '<h2 id="images">Image by image</h2>' in html
    assert "<details><summary>What the networks say of each test image, as reported</summary>" in html
    assert "<dt>± test set</dt>" in html


def test_at_80_columns_nothing_is_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    write_all(*small_study(claims=[claim("Mish does better", "better", ["mish"], ["relu"])]))
    shown = [render(read(), "plain", table) for table in (None, "test-set", "classes", "confusions", "hardest")]
    body = [line for one in shown for line in one.splitlines()[1:]]
    assert max(map(len, [*body, *text(read()).splitlines()])) <= 80


def ten_seeds(rng: np.random.Generator) -> tuple[dict[str, Any], list[Trial], dict[tuple[str, int], Any]]:
    """Both arms are right on all but a few images, the same on every seed: relu on all but three, mish on all but one."""
    plan, _ = small_study()
    said = {}
    for seed in range(1, 11):
        for arm, wrong in (("relu", [0, 1, 2]), ("mish", [3])):
            own = np.array(LABELS * 10)
            own[wrong] = (own[wrong] + 1) % 3
            own[10 + int(rng.integers(90))] = 0  # which of the easy ones fails is the seed's
            said[arm, seed] = own
    hits = {key: float(100 * np.mean(own == LABELS * 10)) for key, own in said.items()}
    trials = [one for arm in ("relu", "mish") for one in reported(arm, [hits[arm, seed] for seed in range(1, 11)])]
    data, budget = {**plan["dataset"], "test": 100}, {**plan["budget"], "seeds": [*range(1, 11)]}
    return {**plan, "dataset": data, "budget": budget}, trials, said


def test_beware_of_what_another_test_set_may_turn_over() -> None:
    plan, trials, said = ten_seeds(np.random.default_rng(0))
    write_book(plan, trials)
    keep_test_set(plan, LABELS * 10)
    assert read().contrasts["reported"]["mish"].verdict == "better"
    assert not any(line.startswith("Shown for this test set alone") for line in page(read()).warnings)
    keep_predictions(trials, lambda trial: said[trial.arm, trial.seed])
    (warned,) = [line for line in page(read()).warnings if line.startswith("Shown for this test set alone")]
    assert "mish (+2" in warned
