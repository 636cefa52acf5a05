"""What the report concluded, and whether the trials bear it out: as reported, and with every arm at its own best.

python analysis/claims.py --study activations
python analysis/claims.py --study activations --strict     # exit code 1 unless every claim is SUPPORTED
python analysis/claims.py --all                            # the claims of every study in one table
"""

from collections.abc import Sequence

from analysis.front.commands import command, everything, parser, read, write
from analysis.write.claims import all_supported, overview, text
from cnnzoo.mistake import Mistake


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("Judge the report's conclusions by the trials.", every="the claims of every study in one table")
    strict = "exit with code 1 unless every claim is SUPPORTED in every way"
    options.add_argument("--strict", action="store_true", help=strict)
    given = options.parse_args(arguments)
    every, code = everything(given) if given.all else ([read(given)], 0)
    judged = [of for of in every if of.spec.claims]
    if not judged:
        which = "no study here states" if given.all else f"study {given.study!r} states no"
        raise Mistake(f"{which} claims; add claims=[claim(...)] to its file and run it again.")
    write(overview(judged) if given.all else text(judged[0]), given.out)
    return 1 if given.strict and not all(map(all_supported, judged)) else code


if __name__ == "__main__":
    command(main)
