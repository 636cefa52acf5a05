"""How often a page says what is not so, and how many seeds it takes to say what is: whole simulated studies, judged as any study is.

    python -m benchmarks.verdicts null [PAGES]      arms that do not differ: pages with any false word, by noise, arms and seeds
    python -m benchmarks.verdicts looks [PAGES]     the same, looked at again and again up to 5, 11 and 21 seeds
    python -m benchmarks.verdicts searches [PAGES]  arms whose searches chose settings that are not equally good
    python -m benchmarks.verdicts power [PAGES]     arms that differ by 1 and 2 standard deviations

Each study is written into a book, read back and judged; the words are those that the tables and the claims print.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.judge.page import BETTER, WORSE
from analysis.judge.verdicts import CONTRADICTED, SUPPORTED, Judged, judged
from analysis.read.book import Book
from analysis.read.runs import load
from studies.engine.study.error_budget import looks as looks_at

Values = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int, int], Values]  # arms x seeds, of mean 0 and of about the spread SD
SD, MARGIN, LEVEL_OF_ACCURACY = 0.8, 0.5, 80.0
TEST_IMAGES = 10_000
CONFIRM = 100  # the seeds of the confirming trials come after
REPETITION = 1000  # from one search's seeds to the next one's


def normal(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    return rng.normal(0, SD, (arms, seeds))


def correlated(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """Half of the variance is the seed's, whatever the arm."""
    return (rng.normal(0, SD, (arms, seeds)) + rng.normal(0, SD, (1, seeds))) / math.sqrt(2)


def skewed(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """Log-normal, with the long tail below."""
    return -SD * (rng.lognormal(0, 1, (arms, seeds)) - math.exp(0.5))


def heavy(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    return SD * rng.standard_t(3, (arms, seeds))


def collapsing(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """One training in ten ends at the accuracy of chance."""
    return np.where(rng.random((arms, seeds)) < 0.1, 10 - LEVEL_OF_ACCURACY, normal(rng, arms, seeds))


def diverging(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """The lowest fifth of trainings diverges."""
    found = normal(rng, arms, seeds)
    return np.where(found < -0.8416 * SD, np.nan, found)


def unequal(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """The noise of one arm is ten times that of the others."""
    return normal(rng, arms, seeds) * np.where(np.arange(arms) == 1, 10.0, 1.0)[:, None]


def quiet(rng: np.random.Generator, arms: int, seeds: int) -> Values:
    """So little noise that arms are often shown to be practically equal."""
    return normal(rng, arms, seeds) / 8


NOISES: Sequence[Noise] = (normal, correlated, skewed, heavy, collapsing, diverging, unequal, quiet)


def spec(arms: int, seeds: int, first: int, at_most: int, searches: int) -> dict[str, Any]:
    """A study of so many arms with a tuned learning rate, and four conclusions to judge."""
    names = [f"arm {i}" for i in range(arms)]
    fields = {name: {"activation": name} for name in names}

    def claim(kind: str, arms: Sequence[str], than: Sequence[str] = ()) -> dict[str, Any]:
        return {"kind": kind, "text": kind, "arms": arms, "than": than, "metric": "test/acc1", "at": None}

    confirm = [REPETITION * s + CONFIRM + k for s in range(searches) for k in range(1, seeds + 1)]
    return {
        "format": 2, "name": "simulated", "question": "Do they differ?", "scale": "demo",
        "dataset": {"name": "none", "digest": "d", "classes": 10, "shape": [1, 1, 1], "train": 10, "validation": 10, "test": TEST_IMAGES},
        "base": {"dataset": "none", "epochs": 1, "precision": "fp32"}, "arms": fields, "baseline": names[0],
        "tuned_arms": fields, "tuned_baseline": names[0], "tuned_of": dict(zip(names, names, strict=True)),
        "tune": {name: {"lr": {"low": 1e-4, "high": 1.0, "log": True}} for name in names},
        "budget": {
            "seeds": list(range(1, seeds + 1)), "confirm_seeds": confirm, "search_seed": 0, "trials_per_arm": 1,
            "searches": searches, "first_look": first, "at_most": at_most,
        },
        "reported": {}, "margin": MARGIN, "table": None,
        "claims": [
            claim("better", names[1:3], names[3:]), claim("better", [names[1]], [names[0]]), claim("best", [names[2]]),
            claim("equal", names[:2]),
        ],
    }  # fmt: skip


def rows(stage: str, seeds: Sequence[int], values: Values) -> Iterator[dict[str, Any]]:
    """The lines of the trials of one stage; ``values`` has a row for each arm, NaN where it diverged."""
    for arm, of_arm in enumerate(values):
        for seed, value in zip(seeds, of_arm, strict=True):
            lost = math.isnan(value)
            yield {
                "arm": f"arm {arm}", "stage": stage, "seed": seed, "number": None, "signature": f"{stage} {arm} {seed}",
                "outcome": "diverged" if lost else "completed", "lr": 0.1, "dataset_digest": "d", "epochs_done": 1,
                "val/acc1": None if lost else value, "test/acc1": None if lost else round(value * TEST_IMAGES / 100) / TEST_IMAGES * 100,
            }  # fmt: skip


def page(root: Path, plan: Mapping[str, Any], values: Mapping[str, Values]) -> Judged:
    """The study written, read and judged."""
    folder = root / "studies" / "simulated.demo"
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {"reported": plan["budget"]["seeds"], "confirm": plan["budget"]["confirm_seeds"]}
    lines = [json.dumps(row) for stage, found in values.items() for row in rows(stage, seeds[stage], found)]
    (folder / "spec.json").write_text(json.dumps(plan))
    (folder / "trials.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return judged(load(Book(root), "simulated"))


def words(results: Judged) -> list[tuple[str, str, str]]:
    """The stage, what is spoken of, and the word that is printed."""
    rows = [(stage, arm, c.verdict) for stage, by_arm in results.contrasts.items() for arm, c in by_arm.items()]
    return rows + [(r.stage, r.claim.kind, r.verdict) for _, own in results.rulings for r in own]


def false_words(results: Judged) -> list[tuple[str, str, str]]:
    """The words that are not so where no arm differs from another."""
    wrong = {BETTER, WORSE, SUPPORTED, CONTRADICTED}
    return [w for w in words(results) if w[2] in wrong and (w[1], w[2]) != ("equal", SUPPORTED)]


def accuracies(rng: np.random.Generator, noise: Noise, arms: int, seeds: int) -> dict[str, Values]:
    return {stage: LEVEL_OF_ACCURACY + noise(rng, arms, seeds) for stage in ("reported", "confirm")}


def null(root: Path, pages: int) -> None:
    print("| noise | arms | seeds | pages with a false word |\n|---|---|---|---|")
    for noise in NOISES:
        for arms in (5, 7):
            for seeds in (3, 5, 10):
                rng = np.random.default_rng([NOISES.index(noise), arms, seeds])
                plan = spec(arms, seeds, seeds, seeds, 1)
                made = (page(root, plan, accuracies(rng, noise, arms, seeds)) for _ in range(pages))
                rate = _rate([bool(false_words(results)) for results in made])
                print(f"| {noise.__name__} | {arms} | {seeds} | {rate} |", flush=True)


def looks(root: Path, pages: int) -> None:
    """A page is wrong if it was at any of its looks."""
    print("| noise | looks | pages ever with a false word |\n|---|---|---|")
    for noise in (normal, correlated, heavy):
        for at_most in (5, 11, 21):
            rng, when = np.random.default_rng([NOISES.index(noise), at_most]), looks_at(3, at_most)
            made = (accuracies(rng, noise, 5, at_most) for _ in range(pages))
            rate = _rate([any(false_words(results) for results in _looked(root, found, when)) for found in made])
            print(f"| {noise.__name__} | {', '.join(map(str, when))} | {rate} |", flush=True)


def searches(root: Path, pages: int) -> None:
    """Each search of an arm finds a setting that is as good as luck has it; over searches the arms do not differ."""
    print("| searches | seeds of each | pages with a false word on tuned arms |\n|---|---|---|")
    for repeats in (1, 3, 5):
        for seeds in (3, 5, 10):
            rng, plan, wrong = np.random.default_rng([repeats, seeds]), spec(5, seeds, seeds, seeds, repeats), []
            for _ in range(pages):
                luck = rng.normal(0, SD, (5, repeats)).repeat(seeds, axis=1)
                tuned = LEVEL_OF_ACCURACY + luck + normal(rng, 5, seeds * repeats)
                results = page(root, plan, {"reported": LEVEL_OF_ACCURACY + normal(rng, 5, seeds), "confirm": tuned})
                wrong.append(any(stage == "confirm" for stage, _, _ in false_words(results)))
            says = "of settings, not of arms: " if repeats == 1 else ""
            print(f"| {repeats} | {seeds} | {says}{_rate(wrong)} |", flush=True)


def power(root: Path, pages: int) -> None:
    """One arm of five is better, by so many standard deviations of a paired difference: the seeds until that is said, and
    those of a fixed design that says it as often: between the looks its power is interpolated."""
    print("| better by, sd | looks | said at the first | said at all | seeds, mean | fixed, as powerful | share |")
    print("|---|---|---|---|---|---|---|")
    for by in (1.0, 1.5, 2.0, 3.0, 4.0):
        for first, at_most in ((5, 12), (5, 27)):
            rng, when = np.random.default_rng([int(10 * by), at_most]), looks_at(first, at_most)
            last, fixed = [], []
            for _ in range(pages):
                found = accuracies(rng, normal, 5, at_most)
                for values in found.values():
                    values[1] += by * SD * math.sqrt(2)
                said = [n for n, results in zip(when, _looked(root, found, when), strict=True) if _better(results)]
                last.append(min(said, default=math.inf))
                fixed.append([_better(page(root, spec(5, n, n, n, 1), _first(found, n))) for n in when])
            seeds, said_at_all = np.minimum(last, at_most).mean(), np.isfinite(last)
            alike = _seeds_of_the_same_power(float(said_at_all.mean()), np.mean(fixed, axis=0), when)
            row = (f"{by:g}", ", ".join(map(str, when)), _rate([n == first for n in last]), _rate([*said_at_all]))
            print(f"| {' | '.join(row)} | {seeds:.1f} | {alike:.1f} | {seeds / alike:.2f} |", flush=True)


def _seeds_of_the_same_power(wanted: float, reached: Values, seeds: Sequence[int]) -> float:
    """Between the numbers of seeds whose power is known; the largest of them where none has so much."""
    enough = int(np.argmax(reached >= wanted)) if (reached >= wanted).any() else len(seeds) - 1
    return float(np.interp(wanted, reached[: enough + 1], seeds[: enough + 1]))


def _looked(root: Path, found: Mapping[str, Values], when: Sequence[int]) -> Iterator[Judged]:
    for n in when:
        yield page(root, spec(5, n, when[0], when[-1], 1), _first(found, n))


def _first(found: Mapping[str, Values], seeds: int) -> dict[str, Values]:
    return {stage: values[:, :seeds] for stage, values in found.items()}


def _better(results: Judged) -> bool:
    return results.contrasts["reported"]["arm 1"].verdict == BETTER


def _rate(hits: Sequence[bool]) -> str:
    share = float(np.mean(hits))
    return f"{100 * share:.1f} ± {100 * math.sqrt(max(share * (1 - share), 1 / len(hits)) / len(hits)):.1f} %"


if __name__ == "__main__":
    name, pages = sys.argv[1], int((sys.argv[2:] or ["400"])[0])
    with TemporaryDirectory() as folder:
        {"null": null, "looks": looks, "searches": searches, "power": power}[name](Path(folder), pages)
