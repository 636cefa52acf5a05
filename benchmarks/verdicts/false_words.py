"""How often a page says what is not so."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from analysis.judge.page import BETTER, WORSE
from analysis.judge.verdicts import CONTRADICTED, SUPPORTED, Judged
from benchmarks.verdicts.simulated import (
    LEVEL_OF_ACCURACY,
    NOISES,
    SD,
    Values,
    accuracies,
    correlated,
    heavy,
    normal,
    page,
    rate,
    spec,
)  # fmt: skip
from studies.engine.study.error_budget import looks as looks_at


def false_words(results: Judged) -> list[tuple[str, str, str]]:
    """The words that are not so where no arm differs from another: the stage, what is spoken of, and what is said."""
    said = [(stage, arm, c.verdict) for stage, by_arm in results.contrasts.items() for arm, c in by_arm.items()]
    said += [(r.stage, r.claim.kind, r.verdict) for _, own in results.rulings for r in own]
    wrong = {BETTER, WORSE, SUPPORTED, CONTRADICTED}
    return [word for word in said if word[2] in wrong and word[1:] != ("equal", SUPPORTED)]


def null(root: Path, pages: int) -> None:
    print("| noise | arms | seeds | pages with a false word |\n|---|---|---|---|")
    for noise in NOISES:
        for arms in (5, 7):
            for seeds in (3, 5, 10):
                rng = np.random.default_rng([NOISES.index(noise), arms, seeds])
                plan = spec(arms, seeds, seeds, seeds)
                made = (page(root, plan, accuracies(rng, noise, arms, seeds)) for _ in range(pages))
                wrong = rate([bool(false_words(results)) for results in made])
                print(f"| {noise.__name__} | {arms} | {seeds} | {wrong} |", flush=True)


def looks(root: Path, pages: int) -> None:
    """A page is wrong if it was at any of its looks."""
    print("| noise | looks | pages ever with a false word |\n|---|---|---|")
    for noise in (normal, correlated, heavy):
        for at_most in (5, 11, 21):
            rng, when = np.random.default_rng([NOISES.index(noise), at_most]), looks_at(3, at_most)
            made = (accuracies(rng, noise, 5, at_most) for _ in range(pages))
            wrong = rate([any(false_words(results) for results in _looked(root, found, when)) for found in made])
            print(f"| {noise.__name__} | {', '.join(map(str, when))} | {wrong} |", flush=True)


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
            print(f"| {repeats} | {seeds} | {says}{rate(wrong)} |", flush=True)


def _looked(root: Path, found: Mapping[str, Values], when: Sequence[int]) -> Iterator[Judged]:
    for n in when:
        yield page(root, spec(5, n, when[0], when[-1]), found)
