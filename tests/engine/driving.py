"""Standing in for the driver, or for the workers: trials trained and booked without a study around them."""

import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

from cnnzoo import Epoch
from studies.engine.book.book import Book
from studies.engine.course import Outcome
from studies.engine.plan.plan import Plan
from studies.engine.run.conduct import Conductor, Means
from studies.engine.run.listener import Listener
from studies.engine.run.worker import News, Order, work
from tests.engine.simulated import score

RECIPE = {"model": "lenet"}


def epoch(number: int, score: float = 50.0, **more: Any) -> Epoch:
    """An epoch of which only the validation accuracy matters."""
    names = (
        "train_loss train_acc1 train_acc5 val_loss val_acc5 lr images_per_second seconds seconds_data seconds_compute "
        "seconds_evaluation"
    )
    values = {**dict.fromkeys(names.split(), 1.0), "number": number, "val_acc1": score, **more}
    return Epoch(**values)


def drive(order: Order) -> Generator[News, None, None]:
    """What a worker tells of its trial, each booked before it is handed out, as the conductor does it."""
    book = Book(Path(order.results))
    for news in work(order):
        if isinstance(news, Epoch):
            book.add(order.signature, news)
        elif isinstance(news, dict):
            book.begin(order.signature, order.recipe, news)
        else:
            book.end(order.signature, news)  # type: ignore[arg-type]
            book.drop_checkpoint(order.signature)
        yield news


def epochs_of(order: Order) -> list[Epoch]:
    """Train a trial to its end; the epochs that its worker told."""
    return [news for news in drive(order) if isinstance(news, Epoch)]


def conductor(of: Plan, root: Path, *listeners: Listener, slots: int = 1) -> Conductor:
    means = Means(data_dir=root, device="cpu", slots=slots, origin={"device": "cpu"})
    return Conductor(of, Book(root), means, spec_of, listeners)


def spec_of(of: Plan) -> dict[str, Any]:
    """What the table says of the plan: on how many seeds it is trained."""
    more = {stage: {arm: n for (s, arm), n in of.more_seeds.items() if s == stage} for stage in ("reported", "confirm")}
    return {"budget": {"seeds": [*range(1, of.budget.seeds + 1)], "more_seeds": more}}


class Workers:
    """As many as there are slots, which advance in random order and check that their checkpoint is where they left it."""

    def __init__(self, driver: Conductor, seed: int) -> None:
        self.driver = driver
        self.shuffle = random.Random(seed)
        self.training: dict[str, int] = {}  # by signature, the epochs done
        self.settled_beside = 0  # trials whose elders stopped them while they were being trained

    def run(self) -> None:
        while True:
            while (order := self.driver.next()) is not None:
                self.driver.heard(order.signature, {})
                self.training[order.signature] = 0
            if not self.training:
                return
            self.advance(self.shuffle.choice(sorted(self.training)))

    def advance(self, signature: str) -> None:
        number = self.training[signature] + 1
        agenda, checkpoint = self.driver.agenda, self.driver.book.folder(signature) / "checkpoint.pt"
        trial, running = agenda.trials[signature], set(self.training) - {signature}
        assert checkpoint.exists() == (number > 1), "it was dropped while it was being trained"
        checkpoint.write_text("weights")
        self.training[signature] = number
        before = set(agenda.settled)
        if self.driver.heard(signature, epoch(number, score(trial, number))):
            self.driver.stopped(signature)
            del self.training[signature]
        elif number == trial.recipe.epochs:
            self.driver.heard(signature, Outcome("completed", number, score(trial, number)))
            del self.training[signature]
        self.settled_beside += len((agenda.settled.keys() - before) & running)
