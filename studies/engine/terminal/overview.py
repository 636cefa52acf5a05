"""How far a plan is, from the book alone: nothing is trained, downloaded or sent."""

from studies.engine.book.book import Book
from studies.engine.plan.plan import Plan
from studies.engine.run import rows


def standing(plan: Plan, book: Book) -> tuple[int, int]:
    """How many trials are done, and of how many; one that failed is not."""
    agenda = rows.standing(plan, book)
    return sum(outcome.ended != "failed" for outcome in agenda.settled.values()), agenda.total()
