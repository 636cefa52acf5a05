"""What SECURITY.md promises: files run no code, names stay in their folders, secrets are not told, nobody is let in."""

import hashlib
import io
import json
import os
import pickle
import re
import stat
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision.datasets
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torchvision.datasets import CIFAR10

from cnnzoo import Recipe, load, save, train
from cnnzoo.data import open_dataset
from cnnzoo.data.arrays import OFFICIAL
from studies.engine import main
from studies.engine.book.book import Book
from studies.engine.course import Outcome
from studies.engine.run.worker import Order, work
from studies.engine.schema import redact
from tests.engine.runs import Warm, processes_in, trained_by, until
from tests.engine.simulated import study
from tests.test_architecture import FILES, named

URI = "postgresql://bob:hunter2@db.example:5432/mlflow?password=hunter3"
FORBIDDEN = re.compile(
    r"weights_only=False|pickle\.loads?\b|Unpickler|yaml\.(unsafe_|full_)?load|shell=True|os\.system|(?<![.\w])(?:eval|exec)\(|"
    r"allow_pickle=True|extractall|unpack_archive|verify=False|RAY_AUTH_MODE.*disabled"
)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_in_our_code_runs_what_it_reads(path: Path) -> None:
    assert not FORBIDDEN.findall(path.read_text())


class Attack:
    """A pickle that leaves a file behind wherever it is loaded as a pickle."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.proof),)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "lenet.safetensors"
    save(train(Recipe(model="lenet", train_size=20, batch_size=10, epochs=1)), path)
    return path


def with_metadata(source: Path, path: Path, **changes: Any) -> Path:
    with safe_open(source, framework="pt") as file:
        metadata = file.metadata()
    recipe = {**json.loads(metadata["recipe"]), **changes.pop("recipe", {})}
    changes = {name: json.dumps(value) for name, value in changes.items()}
    save_file(load_file(source), path, {**metadata, "recipe": json.dumps(recipe), **changes})
    return path


def test_a_network_of_somebody_elses_module_does_not_make_us_import_it(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'proof')!r})\ndef network(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = with_metadata(network, tmp_path / "evil.safetensors", recipe={"model": "evil:network"})
    with pytest.raises(ValueError, match="import evil before, if you trust it"):
        load(path)
    assert not (tmp_path / "proof").exists()
    assert "evil" not in sys.modules


@pytest.mark.parametrize("model", ["subprocess:Popen", "subprocess:call", "os:execvp"])
def test_a_network_file_cannot_call_what_is_imported_already(model: str, network: Path, tmp_path: Path) -> None:
    """A builder gets the shape from the file, so the shape must be nothing but three numbers."""
    proof = tmp_path / "proof"
    path = with_metadata(
        network, tmp_path / "evil.safetensors", recipe={"model": model}, shape=["touch", str(proof)], classes=["a"]
    )
    with pytest.raises(ValueError, match="is no network saved by cnnzoo"):
        load(path)
    assert not proof.exists()


def test_a_pickle_with_the_name_of_a_network_is_not_loaded(tmp_path: Path) -> None:
    for name, content in (
        ("pickle", pickle.dumps(Attack(tmp_path / "proof"))),
        ("torch", saved_by_torch(Attack(tmp_path / "proof"))),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="is no network saved by cnnzoo"):
            load(tmp_path / name)
    assert not (tmp_path / "proof").exists()


def saved_by_torch(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save({"model": value}, buffer)
    return buffer.getvalue()


def test_an_evil_checkpoint_in_the_results_fails_its_trial_and_runs_nothing(tmp_path: Path) -> None:
    recipe = Recipe(model="lenet", train_size=20, batch_size=10, epochs=1).resolved().to_json()
    folder = Book(tmp_path).folder("abc")
    folder.mkdir(parents=True)
    content = saved_by_torch(Attack(tmp_path / "proof"))
    (folder / "checkpoint.pt").write_bytes(content + hashlib.sha256(content).digest())
    order = Order(
        signature="abc",
        recipe=recipe,
        tested=True,
        device="cpu",
        results=str(tmp_path),
        data_dir=str(tmp_path),
        premises={},
    )
    *_, outcome = work(order)
    assert isinstance(outcome, Outcome)
    assert outcome.ended == "failed"
    assert "unsupported GLOBAL" in outcome.reason
    assert not (tmp_path / "proof").exists()


NAMES = ["../x", "/etc/passwd", "a/b", "a\\..\\b", "..", ".hidden", "x\0y", "x\ny", "", "~", "$HOME", "x" * 81, "é"]


@pytest.mark.parametrize("name", NAMES)
def test_a_study_cannot_be_named_out_of_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 80 letters"):
        replace(study(), name=name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("x" * 81, "é")])
def test_a_data_set_cannot_be_named_out_of_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="plain name of one folder"):
        open_dataset(f"folder:{name}", data_dir=tmp_path)


def test_an_archive_with_a_hostile_path_leaves_nothing_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision unpacks what it downloads, once the checksum is right; here it is, and the archive is hostile."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    archive = data_dir / CIFAR10.filename
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("../escaped", str(tmp_path / "absolute"), "cifar-10-batches-py/../../dots"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
        link = tarfile.TarInfo("cifar-10-batches-py/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    with pytest.raises(ValueError, match="cifar10 is not in"):
        open_dataset("cifar10", data_dir=data_dir)
    assert {path.name for path in tmp_path.iterdir()} == {"data", *({"cache"} if (tmp_path / "cache").exists() else ())}
    assert not (data_dir / "cifar-10-batches-py" / "link").is_symlink()


def test_every_download_has_a_checksum() -> None:
    for name, official in OFFICIAL.items():
        loader = getattr(torchvision.datasets, official.loader)
        sums = [loader.tgz_md5] if hasattr(loader, "tgz_md5") else [md5 for _, md5 in loader.resources]
        assert all(re.fullmatch("[0-9a-f]{32}", md5) for md5 in sums), name


@pytest.mark.parametrize(
    "text",
    [
        URI,
        f"could not connect to {URI}: timeout",
        "https://bob:hunter2@mlflow.example/api?token=hunter3",
        "mysql+pymysql://hunter2@db/x",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    assert "hunter" not in redact(text)


def test_secrets_of_the_address_are_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for uri in (
        "postgresql+nodriver://bob:hunter2@db/x",
        "mysql://bob:hunter2@db/x",
        "sqlit://bob:hunter2@x",
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        monkeypatch.setattr(sys, "argv", ["study.py", "--dry-run"])
        with pytest.raises(SystemExit) as end:
            main(study())
        assert end.value.code == 2
        assert "hunter" not in "".join(capsys.readouterr())


def listening(pids: set[int]) -> Iterator[str]:
    """The addresses on which these processes accept connections from the network, from /proc."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                inodes.add(link.readlink().name)
            except OSError:
                continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in inodes:
                yield local


def is_loopback(address: str) -> bool:
    host = address.partition(":")[0]
    return host == "0100007F" or host in ("00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


@pytest.mark.slow
def test_a_local_ray_listens_on_loopback_alone_and_wants_its_token(warm: Warm, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    study = warm.start(tmp_path, HOME=str(home))
    until(lambda: bool(trained_by(tmp_path)), "a worker that trains")
    found = sorted(set(listening(set(processes_in(tmp_path)))))
    environments = [Path(f"/proc/{worker}/environ").read_text() for worker in trained_by(tmp_path)]
    token = home / ".ray" / "auth_token"
    assert token.exists(), "nobody else on this machine may order work from it"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    study.kill()
    assert found, "it does listen"
    assert [address for address in found if not is_loopback(address)] == []
    for variable in ("RAY_USAGE_STATS_ENABLED=0", "MLFLOW_DISABLE_TELEMETRY=true"):
        assert all(variable in environment for environment in environments), variable
