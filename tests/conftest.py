"""What all tests share: nobody's home, cache or MLflow is touched, and nothing is looked for on the network."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from tests.ports import free_port

torch.set_num_threads(1)  # as in a study; the tests themselves run on as many processes as there are cores
# A shell that starts this in the background has them ignored, and so would all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
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


@pytest.fixture
def postgres() -> Iterator[str]:
    """A PostgreSQL server of the test's own, as an unprivileged user; its database is empty."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install -e '.[cluster]')")
    if POSTGRES is None:
        pytest.skip("there is no PostgreSQL on this machine")
    port = free_port()
    with TemporaryDirectory(
        prefix="postgres-"
    ) as data:  # not in pytest's folder, which each pytest of root's closes to others
        user: dict[str, str] = {}
        if os.getuid() == 0:  # the server refuses to run as root
            shutil.chown(data, "postgres")
            user = {"user": "postgres"}
        subprocess.run(
            [POSTGRES / "initdb", "-D", data, "-U", "ann", "-A", "trust"], check=True, capture_output=True, **user
        )
        options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [POSTGRES / "pg_ctl", "-D", data, "-w"]
        log = f"{data}/log"
        subprocess.run([*control, "-o", options, "-l", log, "start"], check=True, capture_output=True, **user)
        try:
            yield f"postgresql+psycopg://ann:secret@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, **user)
