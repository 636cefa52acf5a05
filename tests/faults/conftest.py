"""What the tests of the engine have: an undisturbed study to compare with, and a process that starts further ones quickly.
And a cluster of two nodes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import copy, undisturbed, warm
from tests.engine.runs import Warm
from tests.faults.nodes import Nodes

pytest.register_assert_rewrite("tests.faults.asserts")  # what differs is shown, as in a test
__all__ = ["copy", "joining", "undisturbed", "warm"]


@pytest.fixture(scope="module")
def joining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Starts studies that join a cluster without tokens, whatever the home folder has: Ray was imported for that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        warm = Warm(tmp_path_factory.mktemp("outputs"), "--cluster")
    yield warm
    warm.close()


@pytest.fixture
def cluster() -> Iterator[Callable[..., Nodes]]:
    started: list[Nodes] = []

    def start(folder: Path, **environment: str) -> Nodes:
        started.append(Nodes(folder, **environment))
        return started[-1]

    yield start
    for nodes in started:
        nodes.close()
