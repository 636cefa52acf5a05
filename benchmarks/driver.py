"""What the driver of a study costs a trial: ``python -m benchmarks.driver [TRIALS ...]``.

Whole studies through the conductor, with the book on disk, the table, Optuna's journal and progress to a file, on 64
slots; only the trainings are a formula. Without MLflow and Ray: see tracking_load.py for the one, and below for the other.
Of the milliseconds a trial, the last fifth of the study is held against the first: a cost that is linear stays the same.
"""

import gc
import random
import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from optuna.distributions import FloatDistribution
from rich.console import Console

from cnnzoo import Recipe
from cnnzoo.learning.evaluate import Epoch
from studies.engine.book.book import Book
from studies.engine.course import Outcome
from studies.engine.mirror.optuna_journal import OptunaJournal
from studies.engine.plan.plan import Plan, tuned_arms
from studies.engine.run.conduct import Conductor, Means
from studies.engine.study.budget import Budget
from studies.engine.study.study import Arm, Study
from studies.engine.terminal.cli import COLLECTED_AFTER
from studies.engine.terminal.progress import Progress

SLOTS, EPOCHS, A_HUNDRED = 64, 3, 100
FIFTHS = 5
SPACE = {"lr": FloatDistribution(1e-4, 1.0, log=True), "weight_decay": FloatDistribution(1e-5, 1e-1, log=True)}


def plan_of(trials: int, a_search: int) -> Plan:
    """So many trials in arms of a hundred, or of what a search of another length makes it."""
    budget = Budget(trials_per_arm=a_search)
    arms = {f"arm {k}": Arm(dropout=round(0.5 * k / 1000, 4)) for k in range(max(1, trials // (a_search + 16)))}
    base = Recipe(model="alexnet", epochs=EPOCHS)
    study = Study(name="driver", question="?", base=base, arms=arms, baseline="arm 0", tune=SPACE, budget=budget)
    recipes = {arm: study.recipe(arm, "report").resolved() for arm in arms}
    return Plan(
        study=study, scale="report", budget=budget, base=base, arms=recipes, tuned=tuned_arms(study, recipes),
        digest_of=lambda recipe: "data", wanted=frozenset(arms),
    )  # fmt: skip


def epoch(number: int, score: float) -> Epoch:
    return Epoch(
        number=number, train_loss=1.0, train_acc1=50.0, train_acc5=90.0, val_loss=1.0, val_acc1=score, val_acc5=90.0,
        lr=0.1, images_per_second=1000.0, seconds=1.0, seconds_data=0.1, seconds_compute=0.8, seconds_evaluation=0.1,
    )  # fmt: skip


def driven(of: Plan, root: Path) -> list[float]:
    """Milliseconds a trial in each fifth of the study."""
    book, luck = Book(root), random.Random(0)
    with (root / "progress.txt").open("w") as said:
        listeners = [
            Progress(SLOTS, Console(file=said)),
            OptunaJournal(of, book.table("driver", "report").folder),
        ]
        means = Means(data_dir=root, device="cpu", slots=SLOTS, origin={})
        started = time.perf_counter()
        conductor = Conductor(of, book, means, lambda plan: {}, listeners)
        total, ends = conductor.agenda.total(), [started]
        running: dict[str, int] = {}
        while True:
            while (order := conductor.next()) is not None:
                conductor.heard(order.signature, {})
                running[order.signature] = 0
            if not running:
                break
            signature = luck.choice(list(running))
            running[signature] += 1
            advance(conductor, signature, running, luck.gauss(90.0, 1.0))
            if len(conductor.agenda.settled) >= len(ends) * total / FIFTHS:
                ends.append(time.perf_counter())
        conductor.close("FINISHED")
    ends[-1] = time.perf_counter()
    return [1000 * (after - before) / (total / FIFTHS) for before, after in pairwise(ends)]


def advance(conductor: Conductor, signature: str, running: dict[str, int], score: float) -> None:
    """One epoch of a training."""
    number = running[signature]
    if conductor.heard(signature, epoch(number, score)):
        conductor.stopped(signature)
        del running[signature]
    elif number == EPOCHS:
        conductor.heard(signature, Outcome("completed", number, score))
        del running[signature]


def restarted(of: Plan, root: Path) -> float:
    """Seconds until a study that is done knows that it is."""
    book, started = Book(root), time.perf_counter()
    means = Means(data_dir=root, device="cpu", slots=SLOTS, origin={})
    conductor = Conductor(of, book, means, lambda plan: {}, [])
    assert conductor.next() is None
    assert conductor.agenda.finished()
    return time.perf_counter() - started


def main() -> None:
    gc.set_threshold(COLLECTED_AFTER)
    print("| trials | of a search | ms a trial, first fifth | last fifth | whole | GB | s to start again |")
    print("|---|---|---|---|---|---|---|")
    for trials in [int(text) for text in sys.argv[1:]] or [1000, 10_000]:
        for a_search in (84, 984):
            of = plan_of(trials, a_search)
            with tempfile.TemporaryDirectory() as folder:
                fifths = driven(of, Path(folder))
                again = restarted(of, Path(folder))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            whole = sum(fifths) / FIFTHS
            cells = f"{fifths[0]:.2f} | {fifths[-1]:.2f} | {whole:.2f} | {memory:.2f} | {again:.1f}"
            print(f"| {trials:,} | {a_search} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
