"""An S3 server on this machine: moto's, which keeps all in its memory, so what it had is put back after a restart."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow.fs import FileSelector, S3FileSystem

from tests.engine.runs import until
from tests.ports import free_port

BUCKET = "studies"
LOGIN = {  # any will do
    "AWS_ACCESS_KEY_ID": "ann",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class S3Server:
    def __init__(self, log: Path, **environment: str) -> None:
        pytest.importorskip("moto.server", reason="moto is not installed (pip install -e '.[test]')")
        self._port = free_port()
        self._log, self._environment = log, {**os.environ, **LOGIN, **environment}
        self._kept: dict[str, bytes] = {}
        self.uri = f"s3://{BUCKET}/checkpoints?endpoint_override=127.0.0.1:{self._port}&scheme=http"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-p", str(self._port)],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        until(self._answers, "the S3 server")
        self._files = S3FileSystem(
            access_key="ann",
            secret_key="secret",
            endpoint_override=f"127.0.0.1:{self._port}",
            scheme="http",
            allow_bucket_creation=True,
        )
        self._files.create_dir(BUCKET)
        for path, content in self._kept.items():
            with self._files.open_output_stream(path) as file:
                file.write(content)

    def kill(self) -> None:
        self._kept = {path: self._read(path) for path in self._paths()}
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def names(self) -> set[str]:
        """The files that are there."""
        return {Path(path).name for path in self._paths()}

    def _paths(self) -> list[str]:
        return [info.path for info in self._files.get_file_info(FileSelector(BUCKET, recursive=True)) if info.is_file]

    def _read(self, path: str) -> bytes:
        try:
            with self._files.open_input_file(path) as file:
                return bytes(file.read())
        except FileNotFoundError:  # replaced by a newer one meanwhile
            return b""

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        return answers(self._port)


def answers(port: int) -> bool:
    """Whether somebody listens there, on this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
