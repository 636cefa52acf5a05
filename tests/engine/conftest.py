"""A study that ran to its end undisturbed, made once; and a process that starts further ones quickly."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnzoo.data import open_dataset
from tests.engine.runs import Warm


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    open_dataset("mnist5k")  # prepared, so that no study says that it prepares it
    warm = Warm(tmp_path_factory.mktemp("outputs"))
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def undisturbed(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny study that nothing happened to; what it printed is in `printed.txt`."""
    folder = tmp_path_factory.mktemp("undisturbed")
    printed = warm.finish(folder, "--in-process")
    (folder / "printed.txt").write_text(printed)
    return folder


@pytest.fixture
def copy(undisturbed: Path, tmp_path: Path) -> Callable[[], Path]:
    """A copy of it, to go on with."""
    return lambda: Path(shutil.copytree(undisturbed, tmp_path / "copy"))
