"""What the report concluded, and whether the trials bear it out: as reported, and with every arm at its own best.

python analysis/claims.py --study activations
python analysis/claims.py --study activations --strict     # exit code 1 unless every claim is SUPPORTED
python analysis/claims.py --all                            # the claims of every study, with their verdicts
"""

from collections.abc import Sequence

from analysis.front.commands import command, everything, in_color, parser, read, write
from analysis.judge.verdicts import SUPPORTED, Judged
from analysis.read.spec import JUDGED_STAGES
from analysis.words import NOTHING, count, listed
from analysis.write.claims import TO_TRAIN, VERDICTS, about_training, text
from analysis.write.formats import Column, Page, Table, markdown, plain, screen, tinted
from analysis.write.notes import found
from cnnzoo.mistake import Mistake


def overview(every: Sequence[Judged]) -> Page:
    """The claims of all these studies with their verdicts, a table a study."""
    said = [f"{VERDICTS.format('as the study has it')} {NOTHING}: not asked, or not run."]
    if any(about_training(claim) for results in every for claim in results.spec.claims):
        said.append(TO_TRAIN)
    return Page("What the reports said, as judged here", "", [_table(results) for results in every], "", said, [])


def _table(results: Judged) -> Table:
    done = [sample.ended for stage in results.stages() for sample in results.samples[stage].values()] or [0]
    seeds = count(min(done), "seed", max(done))
    on = f"{results.spec.dataset['name']}, {listed(found(results, 'epochs'))} epochs, {seeds}"
    verdicts = [{ruling.stage: ruling.verdict for ruling in own} for _, own in results.rulings]
    columns = {"claim": [claim.text for claim, _ in results.rulings]}
    for stage in JUDGED_STAGES:
        columns[results.spec.named_stage(stage)] = [by_stage.get(stage, NOTHING) for by_stage in verdicts]
    made = [Column(title, cells, figures=False) for title, cells in columns.items()]
    return Table("claims", f"{results.spec.name} ({on})", made)


def all_supported(results: Judged) -> bool:
    """Whether every claim of the study is judged, and SUPPORTED in every stage that it was judged in."""
    return all(own and all(ruling.verdict == SUPPORTED for ruling in own) for _, own in results.rulings)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(
        "Judge the report's conclusions by the trials.",
        every="the claims of every study, with their verdicts; a file gets Markdown",
    )
    strict = "exit with code 1 unless every claim is SUPPORTED, as reported and tuned"
    options.add_argument("--strict", action="store_true", help=strict)
    given = options.parse_args(arguments)
    every, code = everything(given) if given.all else ([read(given)], 0)
    judged = [results for results in every if results.spec.claims]
    if not judged:
        which = "no study here states" if given.all else f"study {given.study!r} states no"
        raise Mistake(f"{which} claims; add claims=[claim(...)] to its file and run it again.")
    color = in_color(given.out)
    if given.all:
        page = overview(judged)
        write(markdown(page) if given.out else plain(page, screen(), color), given.out)
    else:
        said = text(judged[0])
        write(tinted(said) if color else said, given.out)
    return 1 if given.strict and not all(map(all_supported, judged)) else code


if __name__ == "__main__":
    command(main)
