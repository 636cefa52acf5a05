"""The conductor between workers that write, MLflow and Optuna: workers of a formula, so that it takes no time."""

import random
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from studies.engine.course import Outcome
from studies.engine.mirror import optuna_store
from studies.engine.mirror.optuna_store import OptunaJournal
from studies.engine.run.conduct import Conductor
from tests.engine.driving import conductor, epoch
from tests.engine.simulated import plan, score, study


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
    workers.driver.heard = lambda signature, news: Conductor.heard(driver, signature, news) and False  # type: ignore[method-assign]
    workers.run()
    assert not list(tmp_path.glob("trials/*/checkpoint.pt*"))


@pytest.mark.parametrize(("every", "writings"), [(-1.0, 7), (1000.0, 2)])
def test_optunas_journal_is_there_while_the_study_runs(
    every: float, writings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, export = [], optuna_store.export
    monkeypatch.setattr(optuna_store, "SECONDS_BETWEEN_WRITINGS", every)
    monkeypatch.setattr(optuna_store, "export", lambda *given: (written.append(given), export(*given)))
    of = plan(study(trials=2, epochs=2))
    driver = conductor(of, tmp_path, OptunaJournal(of, tmp_path / "optuna.journal"))
    Workers(driver, seed=0).run()
    driver.close("FINISHED")
    assert len(written) == writings
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "optuna.journal")))
    names = [f"simulated · report · {arm}" for arm in driver.agenda.searches]
    found = [len(optuna.load_study(study_name=name, storage=storage).trials) for name in names]
    assert sum(found) == 6, found
