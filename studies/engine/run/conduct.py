"""The conductor of a study: between the agenda, which decides, the book, which remembers, and all who listen.

Who trains (``on_ray/``, or the plain loop here) asks it for orders and tells it what came of them. It lives in the driver alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cnnzoo import Epoch
from cnnzoo.data import Dataset
from cnnzoo.mistake import Mistake
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.premises import premises
from studies.engine.book.provenance import Origin
from studies.engine.book.table import Suggestions
from studies.engine.course import Course, Outcome
from studies.engine.plan.plan import Plan, Trial
from studies.engine.run.listener import Listener
from studies.engine.run.rows import TableWriter
from studies.engine.run.store import Store
from studies.engine.run.worker import News, Order, work
from studies.engine.search.agenda import Agenda

NextRound = Callable[[Plan], Plan | None]  # once all is done: the plan with the seeds that have to be added, if any


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a study is trained with."""

    data_dir: Path
    device: str
    slots: int
    origin: Origin  # of this run of the study
    datasets: Sequence[Dataset] = ()  # a node of a cluster that lacks them is sent them
    store: Store | None = None  # where the nodes of a cluster keep checkpoints


class Conductor:
    def __init__(
        self,
        plan: Plan,
        book: Book,
        means: Means,
        facts: Callable[[Plan], Mapping[str, Any]],
        listeners: Sequence[Listener],
        rounds: NextRound | None = None,
    ) -> None:
        self.book = book
        self.means = means
        self.slots = means.slots  # now: a cluster may grow or shrink
        self.listeners = list(listeners)
        self.rounds = rounds
        self.table = TableWriter(plan, book, facts)
        self.agenda = Agenda(plan, self._recall, Suggestions(book.table(plan.study.name, plan.scale)))
        self._announced = 0  # how many of `agenda.ends` have been announced
        self._tell(lambda listener: listener.opened(self.agenda))

    def next(self) -> Order | None:
        """What to train next; None while there is nothing to begin."""
        if len(self.agenda.running) >= self.slots:
            return None
        trial = self.agenda.next()
        self._announce_settled()
        if trial is None and self.agenda.finished() and self._begin_another_round():
            return self.next()
        return None if trial is None else self._order(trial)

    def _begin_another_round(self) -> bool:
        wider = self.rounds(self.agenda.plan) if self.rounds else None
        if wider is None:
            self.rounds = None
            return False
        self.agenda.widen(wider)
        self.table.widened(wider)
        return True

    def heard(self, signature: str, news: News) -> bool:
        """Write what a worker told of its trial into the book, or that its worker died, and announce it.

        Returns True if the trial has to stop.
        """
        trial = self.agenda.trials[signature]
        if isinstance(news, Epoch):
            return self._heard_epoch(trial, news)
        if isinstance(news, Outcome):
            self.book.end(signature, news)
            self._end(trial, news.ended)
        else:
            self.book.begin(signature, trial.recipe.to_json(), {**self.means.origin, **news})
            origin = self.book.origin(signature)
            self._tell(lambda listener: listener.begun(trial, origin))
        return False

    def stopped(self, signature: str) -> None:
        """The trial had to stop, and is no longer being trained."""
        self._end(self.agenda.trials[signature], "stopped")

    def outcomes(self) -> Counter[str]:
        """How many trials ended in which way."""
        return Counter(outcome.ended for outcome in self.agenda.settled.values())

    def failures(self) -> list[tuple[Trial, str]]:
        found = [self.agenda.trials[s] for s, outcome in self.agenda.settled.items() if outcome.ended == "failed"]
        return [(trial, outcome.reason) for trial in found if (outcome := self.book.outcome(trial.signature))]

    def close(self, status: str) -> None:
        """Announce, once, that nothing more will come; every listener hears it, whatever happens to the others."""
        with ExitStack() as stack:
            while self.listeners:
                stack.callback(self.listeners.pop().closed, status)

    def _order(self, trial: Trial) -> Order:
        return Order(
            signature=trial.signature,
            recipe=trial.recipe.to_json(),
            tested=trial.tested,
            tested_by_epoch=trial.stage == "reported",
            device=self.means.device,
            results=str(self.book.root),
            data_dir=str(self.means.data_dir),
            premises=premises(trial.recipe, self.agenda.plan.digest_of(trial.recipe)),
        )

    def _heard_epoch(self, trial: Trial, epoch: Epoch) -> bool:
        self.book.add(trial.signature, epoch)
        stop = self.agenda.heard(trial, epoch.number, epoch.val_acc1)
        counted = self.agenda.counted(trial) if trial.stage == "search" else epoch.number
        self._tell(lambda listener: listener.advanced(trial, epoch, counted))
        self._announce_settled()
        return stop

    def _end(self, trial: Trial, how: str) -> None:
        self.agenda.ended(trial, how)
        self.book.drop_checkpoint(trial.signature)  # again: it was still written after earlier candidates settled it
        self._announce_settled()

    def _recall(self, trial: Trial) -> Course:
        """What the book holds of a trial that is about to begin."""
        course, outcome = self.book.recall(trial.signature)
        if not trial.tested and outcome and schema.TEST_ACC1 in outcome.metrics:
            raise Mistake(
                f"trial {trial.name!r} ({trial.signature}) has a test score already, so it may not be a candidate of a choice; "
                f"give the study other seeds, or another results folder."
            )
        if trial.tested and outcome and outcome.ended == "failed":
            self.book.forget_failure(trial.signature)  # a candidate stays failed: what came later rests on that
            return replace(course, ended=None)
        return course

    def _announce_settled(self) -> None:
        """Every epoch passes here, so the usual case, that nothing was settled, costs nothing."""
        for signature in self.agenda.ends[self._announced :]:
            self._announced += 1
            trial, outcome = self.agenda.trials[signature], self.agenda.settled[signature]
            if signature not in self.agenda.running:  # its worker may be writing it at this moment
                self.book.drop_checkpoint(signature)  # one that a kill left behind
            row = self.table.ended(trial, outcome)
            self._tell(lambda listener: listener.ended(trial, row))  # noqa: B023 -- called at once

    def _tell(self, announce: Callable[[Listener], None]) -> None:
        for listener in self.listeners:
            announce(listener)


def train_in_process(conductor: Conductor) -> None:
    """The same plan as on Ray, one trial after another, in this process: for tests, debuggers and small machines."""
    while (order := conductor.next()) is not None:
        course = work(order)
        if any(conductor.heard(order.signature, news) for news in course):
            course.close()
            conductor.stopped(order.signature)
    assert conductor.agenda.finished()
