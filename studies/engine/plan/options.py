"""The command line of every study: few options, checked before anything is loaded or started."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from cnnzoo.mistake import Mistake, Parser
from cnnzoo.spelling import unknown
from studies.engine.schema import SCALES, redact
from studies.engine.study.study import Study
from studies.engine.typed import again

ONLY = ("reported", "tuned")
STORES = ("s3", "gs", "file")
LOCKED, ENVIRONMENT = 3, 4  # exit codes: see cli.py


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


def _option(what: str, default: Any = None, **how: Any) -> Any:
    return field(default=default, metadata={"help": what, **how})


def _flag(what: str) -> Any:
    return _option(what, False, action="store_true")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options, in the order in which --help lists them."""

    scale: str | None = _option(
        "report: its data and epochs; demo: minutes on a laptop; smoke: seconds", choices=SCALES
    )
    dataset: str | None = _option("another data set than the scale's: its name, or folder:NAME", metavar="NAME")
    data_dir: Path = _option("where data sets are, or go (default: data)", Path("data"), metavar="DIR", type=Path)  # noqa: RUF009
    arms: tuple[str, ...] | None = _option("only these, and the baseline, of: {arms}", metavar="A,B", type=_names)
    seeds: int | None = _option("trainings of every arm, as reported and to confirm", metavar="N", type=_count)
    decide: bool = _flag("train more seeds of those arms whose questions are still undecided, until all are decided")
    at_most: int | None = _option("seeds of any arm with --decide (default: 12)", metavar="N", type=_count)
    trials: int | None = _option("candidates in the search of every arm", metavar="N", type=_count)
    only: str | None = _option("the arms as reported, or tuned; default: both", choices=ONLY)
    concurrent: int | None = _option("trials at once (default: as many as fit)", metavar="N", type=_count)
    gpus_per_trial: float | Literal["auto"] | None = _option(
        "0.25 packs four trials on a GPU, auto measures how many at once train fastest; 0 trains on CPUs",
        metavar="SHARE",
        type=_share,
    )
    address: str | None = _option(
        "a Ray cluster to run on, instead of this machine alone; auto: the one this machine belongs to",
        metavar="HOST:PORT",
        type=_address,
    )
    storage: str | None = _option(
        "where the nodes of --address keep checkpoints of running trials: s3://BUCKET/PATH, gs://BUCKET/PATH or a folder "
        "that all see (default: they are sent to this machine)",
        metavar="URI",
        type=_storage,
    )
    in_process: bool = _flag("without Ray, one trial after another: same trials, same results")
    quiet: bool = _flag("the result alone, and what goes wrong")
    dry_run: bool = _flag("say what would be done, and stop")


def parse(study: Study, arguments: Sequence[str]) -> Options:
    parser = Parser(
        prog=again(),
        description=study.question,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # `--seed 7` would be taken for seven seeds
    )
    arms = ", ".join(study.arms).replace("%", "%%")
    for option in fields(Options):
        how = {**option.metadata, "help": option.metadata["help"].format(arms=arms), "default": option.default}
        parser.add_argument(_typed(option.name), **how)
    given, rest = parser.parse_known_args(arguments)
    if rest:
        raise unknown("option", rest[0], map(_typed, vars(given)))
    return check_together(Options(**vars(given)))


def _typed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def check_together(options: Options) -> Options:
    """Refuse options of which one would be ignored."""
    if options.at_most and not options.decide:
        raise Mistake("--at-most says where --decide has to end: give --decide too, or leave it out.")
    if options.decide and options.arms:
        raise Mistake("--decide gives seeds to whichever arms need them: leave out --arms, or --decide.")
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
    arms = (options.arms,) if isinstance(options.arms, str) else options.arms and tuple(options.arms)
    return check_together(replace(options, arms=arms, data_dir=Path(options.data_dir), gpus_per_trial=share))
