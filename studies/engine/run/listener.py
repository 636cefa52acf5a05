"""What the conductor announces, for whoever wants to hear it: MLflow, Optuna's journal, the terminal, the table of the study."""

from collections.abc import Mapping

from cnnzoo import Epoch
from studies.engine.book.table import Row
from studies.engine.plan.plan import Trial
from studies.engine.search.agenda import Agenda


class Listener:
    """Each method is called in the driver's own thread, between two epochs: it must not take long. Here none does anything."""

    def opened(self, agenda: Agenda) -> None:
        """The study begins; the agenda says at any time how far it is."""

    def begun(self, trial: Trial, origin: Mapping[str, str]) -> None:
        """A worker trains the trial now; `origin` says where."""

    def advanced(self, trial: Trial, epoch: Epoch, counted: int) -> None:
        """An epoch ended and is booked.

        `counted`: how many of its first epochs count for certain; a candidate may still be stopped by the scores of
        candidates with lower numbers.
        """

    def ended(self, trial: Trial, row: Row) -> None:
        """The trial ended, now or in an earlier run of the study; the row is what the book says of it."""

    def closed(self, status: str) -> None:
        """Nothing more will be announced. The status is one of MLflow's: FINISHED, KILLED or FAILED."""
