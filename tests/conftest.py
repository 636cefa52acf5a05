"""What all tests share: nobody's home, cache or MLflow is touched, and nothing is looked for on the network."""

import os
import signal
import socket
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # as in a study; the tests themselves run on as many processes as there are cores
for _signal in (
    signal.SIGINT,
    signal.SIGHUP,
):  # a shell that starts this in the background has them ignored by all below
    signal.signal(_signal, signal.SIG_DFL if _signal == signal.SIGHUP else signal.default_int_handler)
CNN_DATA = Path(os.environ.get("CNN_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for anything beyond this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if (
            isinstance(address, tuple)
            and not str(address[0]).startswith(("127.", "::1", "localhost"))
            and address[0] != socket.gethostname()
        ):
            raise OSError(f"a test tried to connect to {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets, where there is one."""
    if not CNN_DATA.is_dir():
        pytest.skip(f"no real data in {CNN_DATA}; CNN_DATA says where they are")
    return CNN_DATA
