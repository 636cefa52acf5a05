"""What is still open in a study, and how many seeds would let it be looked at again: as JSON, for whoever adds the seeds.

python -m analysis.undecided --study activations
"""

import json
from collections.abc import Iterator, Sequence

from analysis.front.commands import command, parser, read, write
from analysis.judge.page import OPEN
from analysis.judge.results import NAMES
from analysis.judge.verdicts import UNDECIDED, Judged


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser("What is still open in a study, as JSON.").parse_args(arguments)
    of = read(given)
    found = list(_open(of))
    wanted = {(way, arm): n for way, arms, _ in found for arm in arms if (n := _next_look(of, way, arms))}
    questions = sum(map(len, of.contrasts.values())) + sum(len(own) for _, own in of.rulings)
    said = {
        "questions": questions,
        "open": [line for _, _, line in found],
        "wanted": [[way, arm, n] for (way, arm), n in wanted.items()],
    }
    write(f"{json.dumps(said, ensure_ascii=False)}\n", given.out)
    return 0


def _open(of: Judged) -> Iterator[tuple[str, list[str], str]]:
    """The way, the arms and a line of each question that is undecided."""
    for way, contrasts in of.contrasts.items():
        baseline = str(of.spec.baseline_of(way))
        for arm, contrast in contrasts.items():
            if contrast.verdict == OPEN:
                yield way, [arm, baseline], f"{NAMES[way]}: {arm} against {baseline}"
    for claim, rulings in of.rulings:
        for ruling in rulings:
            if ruling.verdict == UNDECIDED and ruling.contrasts:
                arms = [arm for contrast in ruling.contrasts if contrast.verdict == OPEN for arm in contrast.said.about]
                yield ruling.way, list(dict.fromkeys(arms)), f'{NAMES[ruling.way]}: "{claim.text}"'


def _next_look(of: Judged, way: str, arms: Sequence[str]) -> int | None:
    """The number of seeds at which the arms of a question are looked at next; None after the last look."""
    seen = max(of.looks(way, arms), default=0)
    return min((n for n in of.spec.shares if n > seen), default=None)


if __name__ == "__main__":
    command(main)
