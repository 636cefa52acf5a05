"""The page of a study: whole, escaped, standing alone, and drawn by a real browser."""

import html
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_study import BASE, activations, bn_grid, claim, reported, spec, write_book

from analysis import report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
VOID = ("meta", "img", "br")


class Page(HTMLParser):
    """Checks that what is opened is closed, and that nothing is loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        self.open += [] if tag in VOID else [tag]
        assert all(str(value).startswith("data:image/svg+xml;base64,") for name, value in attrs if name == "src")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(*arguments: str) -> str:
    assert report.main([*arguments, "--out", "pages"]) == 0
    (page, *_) = [path for path in Path("pages").iterdir() if path.name != "index.html"]
    return page.read_text()


def test_everything_is_on_the_page() -> None:
    plan, trials = activations()
    plan["claims"] = [claim("Mish does better than ReLU", "better", ["mish"], ["relu"])]
    write_book(plan, trials)
    text = written("--study", "activations")
    headings = ["Result", "Beware", "Tables", "What the report concluded", "Figures", "Setting", "How to repeat it"]
    assert re.findall(r"<h2 id=.*?>(.*)</h2>", text) == [*headings, "The words used here"]
    assert set(re.findall(r'href="#(\w+)"', text)) == set(re.findall(r'<h2 id="(\w+)"', text))
    assert "93.00 ± 2.37 (3) *" in text
    assert '<b class="supported">SUPPORTED</b>' in text
    assert text.count("<img ") == 7
    assert "cnn-studies run activations --scale demo --seeds 3 --trials 4 --dataset mnist5k\n" in text
    checked = Page()
    checked.feed(text)
    assert checked.open == []


BUDGET = {"seeds": [1, 2, 3], "confirm_seeds": [101, 102, 103], "trials_per_arm": 4, "first_look": 3, "at_most": 12}
NINE = [1000 * search + 101 + k for search in range(3) for k in range(3)]
THREE_SEARCHES = {**BUDGET, "confirm_seeds": NINE, "searches": 3}
DECIDED = {**BUDGET, "more_seeds": {"reported": {"mish": 5}, "confirm": {}}}


@pytest.mark.parametrize(
    ("stages", "changes", "options"),
    [
        (["reported"], {}, " --only reported --dataset mnist5k"),
        (["search", "confirm"], {}, " --trials 4 --only tuned --dataset mnist5k"),
        (["reported"], {"tuned_arms": {}}, " --dataset mnist5k"),
        ([], {"base": {**BASE, "dataset": "folder:my own"}}, " --trials 4 --dataset 'folder:my own'"),
        ([], {"arms": {"relu": {"dataset": "mnist5k"}}, "tuned_arms": {}}, ""),
        (["search", "confirm"], {"budget": THREE_SEARCHES}, " --trials 4 --only tuned --dataset mnist5k"),
        (["reported"], {"tuned_arms": {}, "budget": DECIDED}, " --decide --at-most 12 --dataset mnist5k"),
    ],
)
def test_the_command_repeats_what_was_run(
    monkeypatch: pytest.MonkeyPatch, stages: list[str], changes: dict[str, object], options: str
) -> None:
    for figures in ("_RESULT", "_FIGURES"):  # which take seconds
        monkeypatch.setattr(f"analysis.write.page.{figures}", ())
    write_book(spec(**changes), [trial for trial in activations()[1] if trial.stage in stages])
    text = html.unescape(written("--study", "activations"))
    assert f"cnn-studies run activations --scale demo --seeds 3{options}\n" in text


def test_nothing_a_study_says_becomes_markup() -> None:
    evil = "<script>alert(1)</script>"
    plan = spec(
        question=evil,
        arms={"relu": {}, evil: {"activation": "mish"}},
        tuned_arms={},
        claims=[claim(evil, "best", ["relu"])],
    )
    write_book(plan, [*reported("relu", [90.0, 91.0]), *reported(evil, [89.0, 90.0], {"activation": "mish"})])
    text = written("--study", "activations")
    assert "<script" not in text
    Page().feed(text)


def test_a_study_that_has_only_begun() -> None:
    write_book(spec(claims=[claim("x", "best", ["relu"])]), [])
    text = written("--study", "activations")
    assert "Nothing can be said yet" in text
    assert "not judged: nothing has been trained yet" in text
    assert "<img" not in text


def test_all_studies_with_an_index() -> None:
    write_book(*activations())
    write_book(*bn_grid())
    written("--all")
    index = Path("pages/index.html").read_text()
    assert re.findall(r'href="([^"]+)"', index) == ["activations-demo.html", "vgg_bn-demo.html"]
    assert all((Path("pages") / name).exists() for name in ("activations-demo.html", "vgg_bn-demo.html"))


def test_a_place_that_cannot_be_written() -> None:
    write_book(*activations())
    Path("file").write_text("")
    with pytest.raises(ValueError, match=r"cannot write file/activations-demo.html: .*--out"):
        report.main(["--study", "activations", "--out", "file"])


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
def test_in_a_real_browser(tmp_path: Path) -> None:
    write_book(*bn_grid())
    written("--study", "vgg_bn")
    page = (tmp_path / "pages" / "vgg_bn-demo.html").as_uri()
    common = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    shown = subprocess.run(
        [*common, "--dump-dom", page], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    assert "86.30 ± 0.66 (3) *" in shown
    subprocess.run(
        [*common, f"--print-to-pdf={tmp_path / 'page.pdf'}", page], capture_output=True, check=True, timeout=120
    )
    assert (tmp_path / "page.pdf").stat().st_size > 20_000
