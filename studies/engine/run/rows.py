"""The rows of a study's table: what the book says of the trials that the study has now."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.table import Row
from studies.engine.course import Outcome
from studies.engine.plan.plan import Plan, Trial
from studies.engine.search.agenda import Agenda


class TableWriter:
    """Keeps the table of the study: all that is known at the start, then a line whenever a trial ends."""

    def __init__(self, plan: Plan, book: Book, facts: Callable[[Plan], Mapping[str, Any]]) -> None:
        """Write the table anew; `facts` are what its spec says of a plan."""
        self.table, self.plan, self.book, self.facts = book.table(plan.study.name, plan.scale), plan, book, facts
        seeds = len(self.table.spec().get("budget", {}).get("seeds", ()))  # of an earlier start that asked for more
        known = list(known_rows(plan, seeds, book))
        self.table.write(facts(plan), known)
        self._known = {(row.arm, row.stage, row.signature): row for row in known}

    def widened(self, plan: Plan) -> None:
        self.table.write_spec(self.facts(plan))

    def ended(self, trial: Trial, outcome: Outcome) -> Row:
        """The row of a trial that ended, now or at an earlier start; a new one is added to the table."""
        known = self._known.pop((trial.arm, trial.stage, trial.signature), None)
        if known is not None:
            return known
        row = row_of(trial, outcome, self.plan, self.book)
        self.table.add(row)
        return row


def agenda_by_the_book(plan: Plan, book: Book) -> Agenda:
    """The agenda as the book has it: what is settled without any training."""
    suggested = book.table(plan.study.name, plan.scale).suggestions()
    agenda = Agenda(plan, lambda trial: book.recall(trial.signature)[0], suggested)
    while agenda.next() is not None:
        pass
    return agenda


def known_rows(plan: Plan, seeds: int, book: Book) -> Iterator[Row]:
    """The rows of all trials that have ended: of every arm, whichever this start is about, and of at least so many seeds.

    A trial that failed has none, as it will be tried again; but what takes part in a choice stays failed.
    """
    budget = replace(plan.budget, seeds=max(plan.budget.seeds, seeds))
    agenda = agenda_by_the_book(replace(plan, budget=budget, wanted=frozenset(plan.arms), only=None), book)
    for signature, outcome in agenda.settled.items():
        trial = agenda.trials[signature]
        if outcome.ended != "failed" or not trial.tested:
            yield row_of(trial, outcome, plan, book)


def row_of(trial: Trial, outcome: Outcome, plan: Plan, book: Book) -> Row:
    """The row of a trial that ended. If a candidate was stopped, only its epochs up to the last rung count."""
    counted, last = book.last_epoch(trial.signature, outcome.epochs if trial.stage == "search" else None)
    last.pop(schema.LEARNING_RATE, None)  # a name that a field of the recipe has
    origin, started = book.origin_and_start(trial.signature)
    result = book.outcome(trial.signature)
    reported = result if outcome.ended != "stopped" else None
    shared = origin.get(schema.SHARED_DEVICE)
    return Row(
        arm=trial.arm,
        stage=trial.stage,
        seed=trial.recipe.seed,
        search=trial.search,
        number=trial.number,
        signature=trial.signature,
        name=trial.name,
        outcome=outcome.ended,
        reason=schema.redact(reported.reason) if reported else "",
        started=started,
        ended=result.at if result else None,
        device=origin.get(schema.DEVICE, ""),
        host=origin.get(schema.HOST, ""),
        dataset_digest=plan.digest_of(trial.recipe),
        versions=origin.get(schema.VERSIONS, ""),
        recipe=trial.recipe.resolved().columns(),
        metrics={**last, **(reported.metrics if reported else {}), schema.EPOCHS_DONE: float(counted)},
        trials_on_device=None if shared is None else int(shared),
    )
