"""The table of a study, in each of its formats: what it says, and what it must not say."""

import csv
import io
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import Read
from fake_study import Trial, activations, bn_grid, confirmed, reported, searched, spec, without_validation

from analysis.trials import export
from analysis.words import percentage
from analysis.write.formats import tinted
from analysis.write.render import FORMATS, methods, page, render


def rows(text: str) -> dict[str, list[str]]:
    """The first table of a Markdown page, by its first column."""
    lines = [line for line in text.split("\n\n")[3].splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {row[0]: row[1:] for row in cells}


TWO = {name: {"activation": name} for name in ("relu", "mish")}


def test_accuracy_with_interval_seeds_difference_and_verdict(read: Read) -> None:
    table = rows(render(read(*activations()), "md"))
    # 90, 91.1, 91.9: mean 91, sd .954, half 4.303 * .954 / sqrt 3 = 2.37; mish is 2 points better on every seed
    assert table["relu"][:4] == ["90.58", "91.00 ± 2.37 (3)", "baseline", ""]
    assert table["mish"][:4] == ["88.86", "**93.00 ± 2.37 (3)** *", "+2.00 ± 0.25", "better"]
    assert table["elu"][:4] == ["–", "87.00 ± 2.37 (3)", "−4.00 ± 0.25", "worse"]


def test_reported_and_tuned_stand_side_by_side(read: Read) -> None:
    table = rows(render(read(*activations()), "md"))
    assert table["arm"][1].startswith("as reported")
    assert table["arm"][5].startswith("tuned")
    assert table["mish"][5:] == [
        "lr 0.03",
        "**93.10 ± 0.25 (3)** *",
        "+0.00 ± 0.25",
        "practically equal",
        "0.007 (0.033)",
    ]


def test_a_grid_is_a_pivot_with_its_chosen_cell(read: Read) -> None:
    text = render(read(*bn_grid()), "md")
    table = rows(text)
    assert table["lr"] == ["bn", "report", "no bn", "report"]
    assert table["lr 2e-3"] == ["**86.30 ± 0.66 (3)** *", "86.40", "75.77 ± 1.76 (3)", "75.98"]
    assert text.count("**86.30 ± 0.66 (3)** *") == 2  # in the pivot and in the row of its arm
    assert "lr and norm interact" in text
    assert "bn minus no bn is +10.53 ± 1.25 at lr 2e-3; +0.00 ± 0.25 at lr 1e-4" in text


def test_where_seeds_of_a_cell_diverged_it_is_said_that_no_interaction_can_be_tested(read: Read) -> None:
    plan, trials = bn_grid()
    lost = [
        replace(t, test=None, outcome="diverged") if (t.arm, t.seed) == ("no bn · lr 2e-3", 1) else t for t in trials
    ]
    said = "Whether lr and norm interact cannot be tested: no bn · lr 2e-3 diverged on some seeds."
    assert said in page(read(plan, lost)).verdict


def test_the_choice_is_by_validation_not_by_test(read: Read) -> None:
    trials = [*reported("relu", [95.0, 95.1, 95.2], val=90.0), *reported("mish", [91.0, 91.1, 91.2], val=92.0)]
    made = page(read(spec(arms=TWO, tuned_arms={}), trials))
    figure = (
        "test accuracy of the arm chosen, for each seed, by the validation accuracy of the other seeds: 91.10 ± 0.25 %"
    )
    assert f"Best on validation data: mish; {figure}." in made.verdict
    assert [c.cells[c.chosen] for c in made.tables[0].columns if c.chosen is not None] == ["91.10 ± 0.25 (3)"]


def test_nothing_is_chosen_before_all_arms_are_trained(read: Read) -> None:
    trials = [*reported("relu", [95.0, 95.1, 95.2], val=90.0), *reported("mish", [91.0], val=92.0)]
    made = page(read(spec(tuned_arms={}), trials))
    assert "Best on validation data" not in made.verdict
    assert {column.chosen for table in made.tables for column in table.columns} == {None}
    said = "* is the best by validation accuracy; none is marked (as reported) before all arms are trained."
    assert f"{said} The test set takes part in no choice." in made.notes


def test_nothing_is_chosen_without_validation_data(read: Read) -> None:
    trials = [replace(t, curve=[]) for t in [*reported("relu", [95.0, 95.1]), *reported("mish", [91.0, 91.1])]]
    text = render(read(spec(tuned_arms={}), trials), "md")
    assert "Nothing is chosen here" in text
    assert "Best on validation" not in text
    assert "*" not in rows(text)["relu"][1]


def test_where_another_study_chose_the_settings_it_says_so(read: Read) -> None:
    _, trials = activations()
    text = render(read(spec(chosen_in={"mish": "mish_lr", "elu": "elu_lr"}), trials), "md")
    said = "As reported: settings chosen on validation data in other studies (mish in mish_lr and elu in elu_lr), seeds 1 to 3."
    assert said in text


def test_a_setting_that_was_shrunk_is_not_called_the_reports(read: Read) -> None:
    smaller = {"dataset": "mnist5k", "image_size": None, "epochs": 3, "width": 0.125}
    trials = reported("relu", [90.0])
    assert "As reported: the report's setting, seeds 1 to 3." in page(read(spec(), trials)).notes
    said = page(read(spec(smaller=smaller), trials)).notes
    assert "As reported: the report's setting, made smaller (epochs 3, width 0.125), seeds 1 to 3." in said


def test_without_validation_data_no_word_of_a_choice(read: Read) -> None:
    plan = without_validation()
    trials = [t for arm, fields in plan["arms"].items() for t in reported(arm, [90.0, 91.0, 91.5], fields)]
    text = render(read(plan, trials), "md")
    assert "Data: mnist5k (4,000 training and 1,000 test images)" in text
    assert "Nothing is chosen here: there is no validation accuracy." in text
    assert "validation %" not in text
    assert "* is the best" not in text
    assert "Best on validation" not in text


def test_a_trial_that_is_being_trained_does_not_count(read: Read) -> None:
    running = [replace(t, outcome=None) for t in (reported("relu", [80.0])[0], searched("relu", [0.1])[0])]
    results = read(spec(), [*running, *reported("relu", [90.0, 91.0], seeds=(2, 3))])
    assert rows(render(results, "md"))["relu"][1] == "90.50 ± 6.35 (2 of 3)"
    row = {column.title: column.cells[0] for column in page(results).tables[-1].columns}
    assert (row["trials"], row["epochs"]) == ("2", "8")
    assert "searched" not in row, "a column of zeros is left out"


def test_a_third_factor_has_rows_of_its_own(read: Read) -> None:
    arms = {
        f"{norm} · batch_size {size} · epochs {epochs}": {"norm": norm, "batch_size": size, "epochs": epochs}
        for norm in ("bn", "none") for size in (64, 1024) for epochs in (4, 8)
    }  # fmt: skip
    tests = {arm: 80.0 + i for i, arm in enumerate(arms)}
    trials = [t for arm, fields in arms.items() for t in reported(arm, [tests[arm]], fields)]
    plan = spec(
        arms=arms, tuned_arms={}, baseline="none · batch_size 64 · epochs 4", reported={},
        table={"rows": "batch_size", "columns": "norm"},
    )  # fmt: skip
    table = rows(render(read(plan, trials), "md"))
    assert table["batch_size, epochs"] == ["bn", "none"]
    shown = {name: [cell.split()[0].strip("*") for cell in cells] for name, cells in list(table.items())[2:]}
    assert shown == {
        "batch_size 64, epochs 4": ["80.00", "84.00"],
        "batch_size 64, epochs 8": ["81.00", "85.00"],
        "batch_size 1024, epochs 4": ["82.00", "86.00"],
        "batch_size 1024, epochs 8": ["83.00", "87.00"],
    }


def test_an_arm_of_which_the_report_said_nothing(read: Read) -> None:
    plan, trials = bn_grid()
    plan["reported"].pop("bn · lr 1e-4")
    assert rows(render(read(plan, trials), "md"))["lr 1e-4"][:2] == ["81.70 ± 0.50 (3)", "–"]


def test_what_a_report_gives_as_a_range(read: Read) -> None:
    figures = {"relu": {"test/acc1": [99.1, 99.4], "train/acc5": [80, 90]}, "mish": {"test/acc1": 40.5}}
    results = read(
        spec(reported=figures, tuned_arms={}), [*reported("relu", [95.0, 95.1]), *reported("mish", [91.0, 92.0])]
    )
    text = render(results, "md")
    assert rows(text)["relu"][0] == "99.1 to 99.4"
    assert rows(text)["mish"][0] == "40.50"
    assert "train acc@5 %" in text
    relu, mish, _ = csv.DictReader(render(results, "csv").splitlines())
    assert (relu["report_test_acc1"], relu["report_train_acc5"]) == ("99.1 to 99.4", "80 to 90")
    assert (mish["report_test_acc1"], mish["report_train_acc5"]) == ("40.5", "")


@pytest.mark.parametrize(("classes", "columns"), [(10, 0), (200, 2)])
def test_five_guesses_are_counted_where_there_are_many_classes(read: Read, classes: int, columns: int) -> None:
    plan = spec(tuned_arms={})
    plan["dataset"]["classes"] = classes
    assert render(read(plan, reported("relu", [95.0, 95.1])), "md").count("acc@5 %") == columns


def test_one_seed_has_no_interval_and_says_why(read: Read) -> None:
    trials = [*reported("relu", [95.0, 95.1, 94.9]), *reported("mish", [91.0])]
    text = render(read(spec(tuned_arms={}), trials), "md")
    assert rows(text)["mish"][1:] == ["91.00 (1 of 3)", "−4.00", "undecided", ""]
    assert "One seed only (as reported: mish): no interval, as the spread over seeds is unknown." in text


def test_half_done_says_what_is_missing(read: Read) -> None:
    trials = [*reported("relu", [95.0, 95.1, 94.9]), *reported("mish", [91.0, 92.0]), *searched("relu", [0.1, 0.2])]
    text = render(read(spec(), trials), "plain")
    assert "Missing, as reported: seed 3 of mish; seeds 1 to 3 of elu." in text
    assert "Tuned: not run yet (9 trials planned)." in text
    assert "Search trials done: relu 2 of 4, mish 0 of 4, elu 0 of 4." in text
    assert "elu" in text.split("verdict")[1]


def test_all_diverged(read: Read) -> None:
    trials = [*reported("relu", [95.0, 95.1, 94.9]), *reported("mish", [None, None, None])]
    text = render(read(spec(tuned_arms={}), trials), "md")
    assert rows(text)["mish"][1:] == ["diverged (3 of 3)", "0 of 3 (0 to 56 %)", "–", "", ""]
    assert "mish diverged on every seed" in text
    everything = render(read(spec(name="none", tuned_arms={}), reported("relu", [None, None])), "plain")
    assert "diverged (2 of 3)" in everything


def test_nothing_trained_yet(read: Read) -> None:
    text = render(read(spec(), []), "plain")
    assert "Nothing can be said yet" in text
    assert "As reported: not run yet (9 trials planned)." in text


def test_some_seeds_diverged(read: Read) -> None:
    trials = [*reported("relu", [95.0, 95.1, 94.9]), *reported("mish", [91.0, None, 92.0])]
    text = render(read(spec(tuned_arms={}), trials), "md")
    assert rows(text)["mish"][1].endswith("(2 of 3)")
    assert "mish diverged in 1 of 3 trials as reported: its numbers are of the seeds that did not." in text


def test_undecided_says_how_many_seeds_would_decide(read: Read) -> None:
    trials = [*reported("relu", [95.0, 94.0, 93.0]), *reported("mish", [95.4, 93.8, 93.2])]
    text = render(read(spec(tuned_arms={}), trials), "md")
    assert re.fullmatch(r"undecided \(needs \d+ to \d+ seeds\)", rows(text)["mish"][3])
    assert "cannot be told from relu with 3 seeds" in text


@pytest.mark.parametrize("order", [("relu", "mish", "elu"), ("relu", "elu", "mish")])
def test_arms_that_cannot_be_told_apart_share_a_range_of_seeds(read: Read, order: tuple[str, ...]) -> None:
    """With one shared seed nobody knows how many seeds are needed, whichever arm comes first."""
    arms = {name: {"activation": name} for name in order}
    trials = [*reported("relu", [95.0, 94.0, 93.0]), *reported("mish", [95.4, 93.8, 93.2]), *reported("elu", [97.0])]
    made = page(read(spec(arms=arms, tuned_arms={}), trials))
    assert re.search(r"cannot be told from relu with 1 to 3 seeds \(needs \d+ to \d+ seeds\)", made.verdict)


def test_the_seeds_of_a_group_run_from_the_least_to_the_most_of_its_rows(read: Read) -> None:
    trials = [
        *reported("relu", [90.0, 90.0, 90.0]),
        *reported("mish", [94.0, 90.5, 93.0]),
        *reported("elu", [92.0, 89.0, 91.0]),
    ]
    made = page(read(spec(tuned_arms={}), trials))
    rows = re.findall(r"needs (\d+) to (\d+) seeds", " ".join(cell for c in made.tables[0].columns for cell in c.cells))
    assert len(rows) == 2
    least, most = min(int(row[0]) for row in rows), max(int(row[1]) for row in rows)
    assert f"(needs {least} to {most} seeds)" in made.verdict


def test_only_tuned_was_run(read: Read) -> None:
    trials = [t for arm in ("relu", "mish") for t in (*searched(arm, [0.1]), *confirmed(arm, [90.0, 91.0, 92.0], 0.1))]
    arms = {"arms": TWO, "tuned_baseline": "relu", "tuned_of": dict(zip(TWO, TWO, strict=True))}
    text = render(read(spec(**arms), trials), "md")
    assert "as reported:" not in text
    assert rows(text)["mish"] == ["lr 0.1", "91.00 ± 2.48 (3)", "+0.00 ± 0.25", "practically equal", "0.007 (0.026)"]


def test_cost_counts_all_stages(read: Read) -> None:
    cost = page(read(*activations())).tables[-1]
    row = {column.title: column.cells[0] for column in cost.columns}
    # 3 + 3 whole trials of 4 epochs; in the search 2 whole ones, one stopped and one diverged after 2
    spent = [row[what] for what in ("trials", "searched", "stopped", "diverged", "epochs")]
    assert spent == ["10", "4", "1", "1", "36"]
    assert (row["parameters"], row["MB"], row["s/epoch"]) == ("894,218", "3.41", "2.00 ± 0.00")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("study", [activations, bn_grid])
def test_every_format_has_every_arm(
    read: Read, form: str, study: Callable[[], tuple[dict[str, object], list[Trial]]]
) -> None:
    plan, trials = study()
    text = render(read(plan, trials), form)
    shown = text.replace(r"$\cdot$", "·")
    assert all(arm in shown for arm in plan["arms"])  # type: ignore[attr-defined]


CENTRED = r"\makebox[\linewidth][c]"
NASTY = "a|b & <i>50%</i> #_^~ {x} \\"


def _nasty(read: Read, form: str) -> str:
    plan = spec(
        name="nasty", arms={"relu": {}, NASTY: {"activation": "mish"}}, tuned_arms={}, question="Is x < y & z|w?"
    )
    trials = [*reported("relu", [90.0, 91.0]), *reported(NASTY, [92.0, 93.0], {"activation": "mish"})]
    return render(read(plan, trials), form)


def test_html_is_escaped_and_whole(read: Read) -> None:
    text = _nasty(read, "html")
    assert "<i>" not in text
    assert "Is x &lt; y &amp; z|w?" in text
    open_tags: list[str] = []

    class Check(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "br", "img"):
                open_tags.append(tag)
            assert not any(name in ("src", "href") for name, _ in attrs), "a page that stands alone"

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Check().feed(text)
    assert not open_tags


def test_latex_is_escaped(read: Read) -> None:
    text = _nasty(read, "latex")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert r"a\textbar{}b \& \textless{}i\textgreater{}50\%" in body
    assert r"\toprule" in body
    assert r"\bottomrule" in body
    assert body.count("{") - body.count(r"\{") == body.count("}") - body.count(r"\}")
    assert not re.search(r"(?<!\\)[#~]", body)
    assert body.isascii()


def test_a_long_title_does_not_widen_its_column_in_latex(read: Read) -> None:
    text = render(read(*bn_grid()), "latex")
    assert (
        r"& \begin{tabular}[b]{@{}r@{}}$\Delta$ to no bn $\cdot$ \\ lr 2e-3\end{tabular} & verdict & p (corrected) \\"
        in text
    )
    assert text.count(CENTRED) == text.count(r"\begin{table}")


def test_notes_stand_once_under_a_latex_table_of_several_parts(read: Read) -> None:
    wide = "an arm with so long a name that its table does not fit on a page"
    plan = spec(arms={"relu": {}, wide: {"activation": "mish"}}, tuned_arms={})
    trials = [*reported("relu", [90.0, 91.0]), *reported(wide, [92.0, 93.5], {"activation": "mish"})]
    first, last = render(read(plan, trials), "latex", "accuracy").split(r"\end{table}")[:2]
    assert ("Data: mnist5k" in first, "Data: mnist5k" in last) == (False, True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_compiles_and_fits_the_page(read: Read, tmp_path: Path) -> None:
    (tmp_path / "nasty.tex").write_text(_nasty(read, "latex"))
    for name, study in (("a", activations), ("b", bn_grid)):
        text = render(read(*study()), "latex").replace(CENTRED, "")  # as it hides what is too wide
        (tmp_path / f"{name}.tex").write_text(text)
    preamble = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}"
    (tmp_path / "all.tex").write_text(preamble + r"\input{a}\input{b}\input{nasty}\end{document}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "Overfull" not in done.stdout.partition("nasty.tex")[0]  # but a name may be as long as it likes
    assert "Float too large" not in done.stdout


def test_markdown_rows_have_as_many_cells_as_the_head(read: Read) -> None:
    for table in _nasty(read, "md").split("\n\n"):
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) <= 1
        assert len({len(line) for line in lines}) <= 1, "aligned, to be read raw"


def test_a_note_that_begins_with_a_star_is_no_list_in_the_list(read: Read) -> None:
    results = read(*activations())
    assert "\n- \\* is the best by validation accuracy." in render(results, "md")
    assert "* is the best by validation accuracy." in render(results, "plain")


def test_csv_has_numbers_to_compute_with(read: Read) -> None:
    table = list(csv.DictReader(io.StringIO(render(read(*activations()), "csv"))))
    mish = next(row for row in table if row["arm"] == "mish" and row["stage"] == "reported")
    assert float(mish["test_acc1"]) == pytest.approx(93.0)
    assert float(mish["difference"]) == pytest.approx(2.0)
    assert float(mish["p"]) < float(mish["p_corrected"]) < 0.05
    assert (mish["p_sign_flip"], float(mish["probability_of_improvement"])) == ("0.25", 1.0)
    assert (mish["n"], mish["verdict"], mish["chosen"], mish["report_test_acc1"]) == ("3", "better", "True", "88.86")
    assert {row["stage"] for row in table} == {"reported", "confirm"}
    assert (mish["parameters"], mish["size_mb"], mish["report_train_acc1"]) == ("894218", "3.41", "96.28")
    assert (mish["report_size_mb"], mish["report_seconds"]) == ("", "")
    assert (mish["train_acc1_half"], float(mish["gap_half"])) == ("0", pytest.approx(2.37, abs=0.01))


def test_csv_has_no_p_where_nothing_is_known(read: Read) -> None:
    trials = [*reported("relu", [90.0]), *reported("mish", [89.0])]
    table = list(csv.DictReader(io.StringIO(render(read(spec(tuned_arms={}), trials), "csv"))))
    mish = next(row for row in table if row["arm"] == "mish")
    assert (mish["difference"], mish["p"], mish["p_corrected"], mish["p_sign_flip"]) == ("-1", "", "", "1")


def test_csv_cannot_start_a_formula(read: Read) -> None:
    plan = spec(arms={"relu": {}, "=1+1": {"activation": "mish"}, "-bn": {"activation": "elu"}}, tuned_arms={})
    trials = [*reported("relu", [90.0]), *reported("=1+1", [89.0], {"activation": "mish"})]
    results = read(plan, trials)
    table = list(csv.DictReader(io.StringIO(render(results, "csv"))))
    assert {row["arm"] for row in table} == {"relu", "'=1+1", "'-bn"}
    assert next(row for row in table if row["arm"] == "'=1+1")["difference"] == "-1"


def test_trials_export_has_a_row_a_trial(read: Read) -> None:
    plan, trials = activations()
    table = export(read(plan, trials).runs)
    assert len(table) == len(trials)
    assert {"arm", "seed", "stage", "setting", "test/acc1", "outcome", "signature"} <= set(table.columns)
    first, search = table.iloc[0], table[(table["stage"] == "search") & (table["arm"] == "mish")].iloc[1]
    assert (first["arm"], first["stage"], first["seed"], first["setting"]) == ("relu", "reported", 1, "activation relu")
    assert (search["number"], search["setting"], search["outcome"]) == (1, "activation mish, lr 0.5", "diverged")


def test_chinese_names_keep_the_columns_aligned(read: Read) -> None:
    plan = spec(arms={"relu": {}, "激活": {"activation": "mish"}}, tuned_arms={})
    trials = [*reported("relu", [90.0, 91.0]), *reported("激活", [92.0, 93.0], {"activation": "mish"})]
    lines = [line for line in render(read(plan, trials), "md").splitlines() if "激活" in line or "| relu" in line]
    assert len(lines[0]) == len(lines[1]) + 2  # each of the two characters is as wide as two


@pytest.mark.parametrize("study", [activations, bn_grid])
def test_a_terminal_of_80_columns_shows_it_all(
    read: Read, monkeypatch: pytest.MonkeyPatch, study: Callable[[], tuple[dict[str, object], list[Trial]]]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = render(read(*study()), "plain")
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    monkeypatch.setenv("COLUMNS", "160")
    assert sorted(set(re.findall(r"[\d.]+ ± [\d.]+", text))) == sorted(
        set(re.findall(r"[\d.]+ ± [\d.]+", render(read(*study()), "plain")))
    )


def test_verdicts_have_colours_where_there_are_some(read: Read) -> None:
    results = read(*activations())
    assert "\x1b[32mbetter" in render(results, "plain", color=True)
    assert "\x1b" not in render(results, "plain")


def test_one_table_with_its_label_and_its_notes(read: Read) -> None:
    results = read(*activations())
    text = render(results, "latex", "fit")
    assert re.findall(r"\\label\{(.*)\}", text) == ["tab:activations-demo-fit-1", "tab:activations-demo-fit-2"]
    assert "Train accuracy is that of the last epoch" in text
    assert "Holm" not in text
    assert "verdicts are corrected for all that is asked" in render(results, "latex", "accuracy")


def test_at_smoke_nothing_is_compared(read: Read) -> None:
    plan, trials = activations()
    results = read({**plan, "scale": "smoke"}, [replace(t, scale="smoke") for t in trials])
    for form in ("plain", "md", "html", "latex"):
        text = render(results, form)
        assert "SMOKE" in text
        assert "better than" not in text
        assert "Δ to" not in text
    assert {row["verdict"] for row in csv.DictReader(io.StringIO(render(results, "csv")))} == {""}


def test_no_interval_reaches_beyond_0_or_100_percent() -> None:
    assert percentage(99.1, 0.8) == "99.10 ± 0.80"
    assert percentage(99.1, 1.3) == "99.10 [97.80, 100]"
    assert percentage(24.3, 113.09) == "24.30 [0, 100]"
    assert percentage(99.1, math.nan) == "99.10"


def test_seeds_that_an_open_question_needed_are_told(read: Read) -> None:
    budget = {"seeds": [1, 2, 3], "confirm_seeds": [101, 102, 103], "trials_per_arm": 4, "at_most": 12}
    more = {"reported": {"mish": 12}, "confirm": {}}
    results = read(spec(budget={**budget, "more_seeds": more}), activations()[1])
    said = "seeds 1 to 3, and up to 12 seeds for arms that an open question needed"
    assert f"on {said}; those of a seed" in methods(results)
    assert f"setting, {said}." in " ".join(page(results).notes)
    assert "seeds 101 to 103, and only then tested" in " ".join(page(results).notes)


def test_no_word_of_tuning_or_of_a_baseline_where_there_is_none(read: Read) -> None:
    alone = {"relu": {"activation": "relu"}}
    results = read(spec(arms=alone, tuned_arms={}), reported("relu", [90.0, 91.0, 92.0]))
    assert "compared with the baseline by" not in methods(results)
    two = read(spec(name="two", arms=TWO, tuned_arms={}), [*reported("relu", [90.0, 91.0]), *reported("mish", [92.0])])
    assert "1 contrast, as reported) and given" in " ".join(page(two).notes)


def test_arms_that_failed_on_different_seeds_have_no_best(read: Read) -> None:
    trials = [*reported("relu", [90.0, 91.0]), *reported("mish", [92.0, 93.0])]
    ends = [replace(t, outcome="failed") if t.seed == (1 if t.arm == "mish" else 2) else t for t in trials]
    budget = {"seeds": [1, 2], "confirm_seeds": [101, 102], "trials_per_arm": 4}
    results = read(spec(arms=TWO, tuned_arms={}, budget=budget), ends)
    assert results.chosen_arm("reported") is None


def test_where_no_report_gave_figures_arms_are_as_set(read: Read) -> None:
    plan, trials = activations()
    text = render(read({**plan, "reported": {}}, trials), "plain")
    assert "as set" in text
    assert "as reported" not in text.lower()
    assert "As set: the setting of the study, seeds 1 to 3." in " ".join(text.split())


def test_a_paragraph_on_methods(read: Read) -> None:
    said = methods(read(*activations()))
    for part in (
        "3 arms (relu, mish and elu; baseline: relu) were compared on mnist5k",
        "was searched separately for each arm",
        "by validation accuracy alone",
        "The test set took part in no choice.",
        "95 % Student-t intervals",
        "with cnn-studies",
    ):
        assert part in said
    assert "\n" not in said
    assert "  " not in said


def test_parts_of_a_latex_table_are_labelled_by_its_name(read: Read) -> None:
    labels = re.findall(r"label{tab:(.*)}", render(read(*activations()), "latex"))
    assert len(labels) == len({*labels})
    assert all(label.startswith("activations-") for label in labels)
    assert re.findall(r"label{tab:(.*)}", render(read(*activations()), "latex", "fit"))[0].startswith(
        "activations-demo-fit"
    )


def test_a_verdict_has_its_colour_and_the_text_stays_as_it_is() -> None:
    said = '1. "A claim"\n   as reported: SUPPORTED. Over 5 seeds; no CONTRADICTION\n'
    assert tinted(said) == said.replace("SUPPORTED", "\x1b[1;32mSUPPORTED\x1b[0m")
