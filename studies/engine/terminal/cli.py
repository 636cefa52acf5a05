"""``python studies/x.py``: everything between the command line and the exit code.

0 all trials done · 1 some trials failed · 2 bad input · 3 the study is being run by somebody else · 4 Ray, data or disk · 130 interrupted
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console

from cnnzoo.device.mps import shared_gpu
from cnnzoo.mistake import INTERRUPTED, mistakes_in_a_line, refuse
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.lock import AlreadyRunningError, one_run_of
from studies.engine.book.provenance import origin
from studies.engine.book.table import keep_test_set
from studies.engine.mirror.optuna_journal import OptunaJournal
from studies.engine.mirror.tracker import Tracker
from studies.engine.mirror.tracking_uri import check_uri
from studies.engine.plan.machine import Machine
from studies.engine.plan.options import ENVIRONMENT, LOCKED, Options, check_values
from studies.engine.plan.plan import Plan
from studies.engine.plan.prepare import Prepared, check_cluster, prepare
from studies.engine.plan.spec import declaration, spec
from studies.engine.run import rows
from studies.engine.run.conduct import Conductor, Means, train_in_process
from studies.engine.run.on_ray import settings as ray_settings
from studies.engine.run.store import Store, store_at
from studies.engine.run.sweeper import Sweeper
from studies.engine.study.study import Study
from studies.engine.terminal import estimate
from studies.engine.terminal.console import (
    announce,
    farewell,
    interrupted,
    terminal,
    warn_of_another_study_of_that_name,
)
from studies.engine.terminal.decide import Rounds, ask_the_analysis
from studies.engine.terminal.overview import done_of_total, outlook, tested
from studies.engine.terminal.progress import Progress

MLFLOW_DEFAULT = "sqlite:///mlflow.db"  # MLflow's own
COLLECTED_AFTER = 50_000  # new objects, not Python's 700: what a study makes stays, and is looked through each time
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Caller:
    """Who runs the study: a terminal, or a notebook."""

    console: Console
    source: Path  # the file or folder whose commit is booked
    is_terminal: bool  # where signals are caught, and how to go on is said


def main(study: Study, options: Options) -> NoReturn:
    """Run the study as the command line asks, and leave with an exit code that says how it went."""
    gc.set_threshold(COLLECTED_AFTER)
    caller = Caller(terminal(), Path(sys.argv[0]).resolve(), is_terminal=True)
    with mistakes_in_a_line():
        try:
            ended = run(study, options, caller)
            sys.exit(farewell(*ended, caller.console) if ended else 0)
        except AlreadyRunningError as error:
            refuse(error, LOCKED)
        except OSError as error:
            refuse(error, ENVIRONMENT)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def run_here(study: Study, asked: Mapping[str, Any]) -> dict[str, int]:
    """What ``Study.run`` does, asked for by the names of the command line's options; returns how many trials ended in which way.

    Signals stay as they are: a notebook's own interrupt breaks a study off in good order.
    """
    options = check_values(Options(**asked))
    ended = run(study, options, Caller(terminal(), Path.cwd() / "notebook", is_terminal=False))
    assert ended is not None, "only a dry run ends without a run"
    return dict(ended[0].outcomes())


def run(study: Study, options: Options, caller: Caller) -> tuple[Conductor, Tracker] | None:
    """Run a study, or go on where it stopped; None where it was only asked what would be done."""
    check_uri(_tracking_uri())
    if not options.address:
        return _run_on(Machine.here(), study, options, caller)
    store = store_at(options.storage) if options.storage else None
    check_cluster(options.address)
    ray_settings.apply(cluster=True)
    from studies.engine.run.on_ray import cluster
    from studies.engine.run.on_ray.carried.code import code_of

    with cluster.started(options.address, None, code_of(study, caller.source)) as machine:
        return _run_on(machine, study, options, caller, store)


def _run_on(
    machine: Machine, study: Study, options: Options, caller: Caller, store: Store | None = None
) -> tuple[Conductor, Tracker] | None:
    console, book = Console(quiet=True) if options.quiet else caller.console, Book(schema.RESULTS.absolute())
    prepared = prepare(study, options, machine, book)
    plan, data = prepared.plan, prepared.dataset
    table = book.table(study.name, plan.scale)
    table.check_format()
    taken = machine.ask(estimate.seconds_an_image, plan.arms, data.shape, len(data.classes), prepared.device)
    guess = partial(estimate.seconds, dataset=data, taken=taken, speedup=prepared.speedup)
    begun = rows.agenda_by_the_book(plan, book)
    announce(prepared, console, guess(plan), outlook(plan, tested(begun, book), guess), *done_of_total(begun))
    if caller.source.is_file():  # a notebook states a study in no file
        warn_of_another_study_of_that_name(table.spec(), caller.source, caller.console)
    if options.dry_run:
        return None
    with one_run_of(f"study {study.name!r} at scale {plan.scale}", table.folder):
        for dataset in prepared.tested_on:
            keep_test_set(table.folder, dataset)
        tags = origin(caller.source, prepared.device, prepared.sharing)
        means = Means(
            data_dir=options.data_dir.expanduser().absolute(),
            device=prepared.device,
            slots=prepared.slots,
            origin=tags,
            datasets=prepared.tested_on,
            store=store,
        )
        declared = declaration(spec(plan, data), table.spec(), time.time())

        def facts(of: Plan) -> dict[str, Any]:
            return {**spec(of, data), "declared": declared, "origin": tags}

        tracker = Tracker(_tracking_uri(), facts(plan), tags, book, caller.console.print)
        listeners = [
            Progress(prepared.slots, console),
            OptunaJournal(plan, table.folder),
            tracker,
            *([Sweeper(store, caller.console.print)] if store else []),
        ]
        rounds = Rounds(console, guess, ask_the_analysis) if options.decide else None
        conductor = Conductor(plan, book, means, facts, listeners, rounds)
        _conduct(conductor, prepared, options, caller)
        return conductor, tracker


def _tracking_uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or MLFLOW_DEFAULT


def _conduct(conductor: Conductor, prepared: Prepared, options: Options, caller: Caller) -> None:
    try:
        _train(conductor, prepared, options, caller)
        conductor.close("FINISHED")
    except KeyboardInterrupt:
        conductor.close("KILLED")
        if caller.is_terminal:
            interrupted(conductor.agenda, caller.console)
        raise
    except BaseException as error:  # in MLflow nothing may look as if it were still being trained
        conductor.close("FAILED")
        if isinstance(error, OSError):
            raise OSError(f"{error}. Once that is put right, the same command goes on from here.") from error
        raise


def _train(conductor: Conductor, prepared: Prepared, options: Options, caller: Caller) -> None:
    if caller.is_terminal:
        _catch_signals()
    if options.in_process:
        train_in_process(conductor)
        return
    ray_settings.apply(cluster=bool(options.address))
    if not options.quiet:
        caller.console.print("Starting Ray ...")  # which takes seconds
    from studies.engine.run.on_ray import cluster, tuner  # a second to import; not needed above

    several = 0 < prepared.gpus_per_trial < 1 and not options.address
    with (
        shared_gpu() if several else nullcontext("") as why_not,
        nullcontext() if options.address else cluster.started(None, prepared.slots),
    ):
        if why_not:
            caller.console.print(f"The trials on one GPU take turns: {why_not}.")
        if caller.is_terminal:
            _catch_signals()  # again: Ray sets handlers of its own when it starts
        fleet = None
        if options.address:
            fleet = cluster.admitted(conductor, prepared.gpus_per_trial, options.concurrent, caller.console.print)
        tuner.run(conductor, prepared.gpus_per_trial, fleet)


def _catch_signals() -> None:
    """The first signal lets the study break off in good order; the second one ends it at once."""

    def first(number: int, frame: FrameType | None) -> None:
        for caught in STOP_SIGNALS:
            signal.signal(caught, lambda number, frame: os._exit(INTERRUPTED))
        raise KeyboardInterrupt

    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, first)
