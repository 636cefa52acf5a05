"""The command line of every study: few options, checked before anything is loaded or started."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cnnzoo.mistake import Mistake, Parser
from cnnzoo.spelling import unknown
from studies.engine.schema import SCALES, redact
from studies.engine.study.study import Study
from studies.engine.typed import again

ONLY = ("reported", "tuned")
STORES = ("s3", "gs", "file")
LOCKED, ENVIRONMENT = 3, 4  # exit codes: see cli.py


@dataclass(frozen=True, kw_only=True)
class Options:
    scale: str | None = None
    dataset: str | None = None
    data_dir: Path = Path("data")
    arms: tuple[str, ...] | None = None
    seeds: int | None = None
    trials: int | None = None
    decide: bool = False
    at_most: int | None = None
    only: str | None = None
    concurrent: int | None = None
    gpus_per_trial: float | Literal["auto"] | None = None
    address: str | None = None
    storage: str | None = None
    in_process: bool = False
    dry_run: bool = False
    quiet: bool = False


def parse(study: Study, arguments: Sequence[str]) -> Options:
    parser = Parser(
        prog=again(),
        description=study.question,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # `--seed 7` would be taken for seven seeds
    )
    parser.add_argument(
        "--scale", choices=SCALES, help="report: its data and epochs; demo: minutes on a laptop; smoke: seconds"
    )
    parser.add_argument("--dataset", metavar="NAME", help="another data set than the scale's: its name, or folder:NAME")
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), metavar="DIR", help="where data sets are, or go (default: data)"
    )
    arms = ", ".join(study.arms).replace("%", "%%")
    parser.add_argument("--arms", type=_names, metavar="A,B", help=f"only these, and the baseline, of: {arms}")
    parser.add_argument("--seeds", type=_count, metavar="N", help="trainings of every arm, as reported and to confirm")
    parser.add_argument(
        "--decide",
        action="store_true",
        help="more seeds, of the arms that undecided questions need, until all are decided",
    )
    parser.add_argument("--at-most", type=_count, metavar="N", help="seeds of any arm with --decide (default: 12)")
    parser.add_argument("--trials", type=_count, metavar="N", help="candidates in the search of every arm")
    parser.add_argument("--only", choices=ONLY, help="the arms as reported, or tuned; default: both")
    parser.add_argument("--concurrent", type=_count, metavar="N", help="trials at once (default: as many as fit)")
    _add_where(parser)
    parser.add_argument("--quiet", action="store_true", help="the result alone, and what goes wrong")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and stop")
    given, rest = parser.parse_known_args(arguments)
    if rest:
        raise unknown("option", rest[0], [f"--{name.replace('_', '-')}" for name in vars(given)])
    return check_together(Options(**vars(given)))


def _add_where(parser: Parser) -> None:
    """The options that say on what the trials are trained."""
    parser.add_argument(
        "--gpus-per-trial",
        type=_share,
        metavar="SHARE",
        help="0.25 packs four trials on a GPU, auto measures how many pay; 0 trains on CPUs",
    )
    parser.add_argument(
        "--address",
        type=_address,
        metavar="HOST:PORT",
        help="a Ray cluster to run on, instead of this machine alone; auto: the one this machine belongs to",
    )
    parser.add_argument(
        "--storage",
        type=_storage,
        metavar="URI",
        help="where the nodes of --address keep checkpoints of running trials: s3://BUCKET/PATH, gs://BUCKET/PATH or a folder "
        "that all see (default: they are sent to this machine)",
    )
    parser.add_argument(
        "--in-process", action="store_true", help="without Ray, one trial after another: same trials, same results"
    )


def check_together(options: Options) -> Options:
    """Refuse options of which one would be ignored."""
    if options.at_most and not options.decide:
        raise Mistake("--at-most says where --decide has to end: give --decide too, or leave it out.")
    if options.decide and options.dry_run:
        raise Mistake("--decide looks at results before it says what comes next: leave out --dry-run.")
    if options.quiet and options.dry_run:
        raise Mistake("--dry-run says what would be done, and --quiet says nothing of it: leave out one of them.")
    if options.in_process and (options.address or options.concurrent):
        raise Mistake("--in-process trains one trial after another, here: leave out --address and --concurrent.")
    if options.storage and not options.address:
        raise Mistake(
            "--storage is where the nodes of a cluster keep checkpoints; here they lie in results/: give --address too, or leave it out."
        )
    return options


def check_values(options: Options) -> Options:
    """What the command line refuses, refused where a program gives the options; counts are the budget's to refuse."""
    if options.scale is not None and options.scale not in SCALES:
        raise unknown("scale", options.scale, SCALES)
    if options.only not in (None, *ONLY):
        raise unknown("value of only", options.only, ONLY)
    try:
        share = None if options.gpus_per_trial is None else _share(str(options.gpus_per_trial))
    except argparse.ArgumentTypeError as error:
        raise Mistake(f"gpus_per_trial: {error}.") from None
    arms = None if options.arms is None else tuple(options.arms)
    return check_together(replace(options, arms=arms, data_dir=Path(options.data_dir), gpus_per_trial=share))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names no arm")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _address(text: str) -> str:
    if text.startswith("ray://"):
        raise argparse.ArgumentTypeError(
            "ray:// is for clients outside of a cluster, and a study has to be run inside: on one of its machines, with auto, "
            "or by `ray job submit`"
        )
    host, _, port = text.rpartition(":")
    if text != "auto" and not (host and port.isdecimal() and int(port) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor of the form HOST:PORT")
    return text


def _storage(text: str) -> str:
    scheme, found, rest = text.partition("://")
    if found and (scheme not in STORES or not rest):
        raise argparse.ArgumentTypeError(f"{redact(text)!r} is neither s3://BUCKET/PATH, gs://BUCKET/PATH nor a folder")
    if found and "@" in rest.partition("/")[0]:
        raise argparse.ArgumentTypeError(
            f"{redact(text)!r} has a login in it, which everybody sees who lists processes; put it where the store's own tools look "
            "for it on each machine (~/.aws/credentials, AWS_ACCESS_KEY_ID, ...)"
        )
    return text


def _share(text: str) -> float | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither auto nor a share of a GPU between 0 and 1 (a trial trains on one GPU at most)"
        )
    return share
