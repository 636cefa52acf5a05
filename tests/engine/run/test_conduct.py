"""The conductor between workers that write, MLflow and Optuna: workers of a formula, so that it takes no time."""

import random
from contextlib import ExitStack
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from studies.engine import schema
from studies.engine.book.ledger import Entry, Result
from studies.engine.run import conduct
from studies.engine.run.conduct import Conductor
from studies.engine.run.worker import Order
from tests.engine.book.test_ledger import conductor
from tests.engine.simulated import plan, score, study


class Workers:
    """As many as there are slots, which advance in random order and check that their checkpoint is where they left it."""

    def __init__(self, driver: Conductor, seed: int) -> None:
        self.driver = driver
        self.shuffle = random.Random(seed)
        self.stack = ExitStack()
        self.training: dict[str, tuple[Entry, int]] = {}
        self.settled_beside = 0  # trials whose elders stopped them while they were being trained

    def run(self) -> None:
        with self.stack:
            while True:
                while (order := self.driver.next()) is not None:
                    self.begin(order)
                if not self.training:
                    return
                self.advance(self.shuffle.choice(sorted(self.training)))

    def begin(self, order: Order) -> None:
        entry = self.stack.enter_context(self.driver.ledger.writing(order.signature, order.recipe))
        entry.begin([])
        self.training[order.signature] = (entry, 0)

    def advance(self, signature: str) -> None:
        entry, done = self.training[signature]
        agenda, number = self.driver.agenda, done + 1
        trial, running = agenda.trials[signature], set(self.training) - {signature}
        assert entry.checkpoint.exists() == (done > 0), "it was dropped while it was being trained"
        entry.checkpoint.write_text("weights")
        epoch = {"epoch": number, schema.CHOSEN_BY: score(trial, number), schema.SECONDS: 1.0}
        entry.add(epoch)
        self.training[signature] = (entry, number)
        before = set(agenda.settled)
        if self.driver.heard(signature, epoch):
            self.driver.ended(signature, stopped=True)
            del self.training[signature]
        elif number == trial.recipe.epochs:
            entry.end(Result("completed"))
            self.driver.ended(signature)
            del self.training[signature]
        self.settled_beside += len((agenda.settled.keys() - before) & running)


@pytest.mark.parametrize("seed", [0, 1])
def test_no_checkpoint_is_dropped_while_its_trial_is_being_trained(seed: int, tmp_path: Path) -> None:
    driver = conductor(plan(study(trials=6)), tmp_path, slots=6)
    workers = Workers(driver, seed)
    workers.run()
    assert driver.finished()
    assert workers.settled_beside, "else nothing was put to the test"
    assert not list(tmp_path.glob("trials/*/checkpoint.pt*"))


def test_a_trial_that_its_elders_stopped_and_whose_worker_then_died_leaves_no_checkpoint(tmp_path: Path) -> None:
    driver = conductor(plan(study(trials=6)), tmp_path, slots=6)
    workers = Workers(driver, seed=0)
    workers.driver.heard = lambda signature, epoch: Conductor.heard(driver, signature, epoch) and False  # type: ignore[method-assign]
    workers.run()
    assert not list(tmp_path.glob("trials/*/checkpoint.pt*"))


@pytest.mark.parametrize(("every", "writings"), [(-1.0, 30), (1000.0, 1)])
def test_optunas_journal_is_there_while_the_study_runs(
    every: float, writings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, export = [], conduct.export
    monkeypatch.setattr(conduct, "EXPORT_EVERY", every)
    monkeypatch.setattr(conduct, "export", lambda *given: (written.append(given), export(*given)))
    driver = conductor(plan(study(trials=2, epochs=2)), tmp_path)
    Workers(driver, seed=0).run()
    assert len(written) == writings
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "optuna.journal")))
    names = [f"simulated · report · {arm}" for arm, _ in driver.agenda.searches]
    found = [len(optuna.load_study(study_name=name, storage=storage).trials) for name in names]
    assert sum(found) == (6 if every < 0 else 1), found
