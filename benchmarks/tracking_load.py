"""What the tracker costs in a large study: ``python -m benchmarks.tracking_load [TRIALS]``, 5,000 trials of 20 epochs if not given.

Their ends are told to the tracker of one study on a new SQLite store, and then told again at a second start.
With ``beside FOLDER``, a checkout of another version, both versions tell 300 trials in turns, three times.
With ``server``, 100 trials are told to an MLflow server on this machine, three times; with ``server URI PID`` to one that runs here
already, whose first process has this id. A login is taken from where MLflow takes it.
"""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from statistics import fmean, median
from typing import Any
from urllib.request import urlopen

from cnnzoo import Epoch, Recipe
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.epochs import field_of, to_line
from studies.engine.book.provenance import origin
from studies.engine.book.table import Row
from studies.engine.mirror.tracker import Tracker
from studies.engine.plan.plan import Trial

TRIALS, EPOCHS, LOT, SLOTS = 5_000, 20, 500, 20
ROUNDS, HTTP_TRIALS = 3, 100
DATASET = {"name": "d", "digest": "d", "classes": 10, "shape": [1, 28, 28], "train": 1, "validation": 1, "test": 1}
SPEC: dict[str, Any] = {
    "name": "load", "scale": "demo", "dataset": DATASET, "question": "?", "arms": {"a": {}}, "tuned_arms": {},
    "baseline": "a", "reported": {},
}  # fmt: skip
ORIGIN = origin(Path(__file__), "cpu", SLOTS)
FINISHED = "SELECT COUNT(*) FROM runs WHERE status = 'FINISHED' AND name LIKE 'a %'"


def trial(number: int) -> Trial:
    return Trial("a", "reported", Recipe(model="lenet", epochs=EPOCHS, seed=number), f"{number:016x}")


def epochs(number: int) -> list[Epoch]:
    names = [field_of(name) for name in schema.EPOCH_METRICS]
    return [
        Epoch(number=epoch, **{name: number / 7 + epoch / (k + 1) for k, name in enumerate(names)})
        for epoch in range(1, EPOCHS + 1)
    ]


def row(of: Trial) -> Row:
    """What the book says of a trial that ended."""
    metrics = {**dict.fromkeys(schema.TRIAL_METRICS, 50.0), schema.EPOCHS_DONE: float(EPOCHS), schema.CHOSEN_BY: 50.0}
    return Row(
        arm=of.arm, stage=of.stage, seed=of.recipe.seed, search=None, number=None, signature=of.signature, name=of.name,
        outcome="completed", reason="", started=0.0, ended=1.0, device="cpu", host="here", dataset_digest="d",
        versions="", recipe=of.recipe.to_json(), metrics=metrics,
    )  # fmt: skip


def opened(folder: Path, uri: str = "") -> Tracker:
    book = Book(folder / "results")
    book.table(SPEC["name"], SPEC["scale"]).write(SPEC, [])
    return Tracker(uri or f"sqlite:///{folder}/mlflow.db", SPEC, ORIGIN, book, warn)


def end(tracker: Tracker, number: int) -> None:
    """As the conductor does it, but for the waiting on the disk."""
    of = trial(number)
    folder = tracker.book.folder(of.signature)
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "epochs.jsonl").write_text("".join(map(to_line, epochs(number))))
    tracker.begun(of, ORIGIN)
    tracker.ended(of, row(of))


def tell(folder: Path, trials: int) -> Iterator[tuple[int, float, float, float]]:
    """After each lot: trials so far, milliseconds a trial (wall, processor), MB of memory; at the end the closing."""
    tracker = opened(folder)
    for first in range(0, trials, LOT):
        wall, processor = time.perf_counter(), others_seconds()
        for number in range(first, first + LOT):
            end(tracker, number)
            while (number + 1) % SLOTS == 0 and finished(folder) <= number:
                time.sleep(0.05)
        spent = time.perf_counter() - wall, others_seconds() - processor
        yield first + LOT, 1000 * spent[0] / LOT, 1000 * spent[1] / LOT, memory()
    assert tracker.close("FINISHED") == 0


def tell_again(folder: Path, trials: int) -> tuple[float, float, float]:
    """Seconds (wall, processor) until the tracker has taken in that all of it is there, and the highest MB of memory."""
    wall, processor = time.perf_counter(), time.process_time()
    tracker = opened(folder)
    for number in range(trials):
        end(tracker, number)
    assert tracker.close("FINISHED") == 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return time.perf_counter() - wall, time.process_time() - processor, peak


def warn(text: str) -> None:
    print(text, file=sys.stderr)


def finished(folder: Path) -> int:
    path = folder / "mlflow.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as store:
        return int(store.execute(FINISHED).fetchone()[0])


def others_seconds() -> float:
    """Processor seconds of the other threads: of the tracker's."""
    return time.process_time() - time.thread_time()


def memory() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def beside(other: Path) -> None:
    """Processor milliseconds a trial of two versions, in turns; the first hundred, with all that is loaded, are left out."""
    code = "import json, sys; from pathlib import Path; from benchmarks import tracking_load as load; load.LOT = 100; "
    code += "print(json.dumps(list(load.tell(Path(sys.argv[1]), 300))))"
    taken: dict[Path, list[float]] = {Path(__file__).parents[1]: [], other.absolute(): []}
    for _ in range(ROUNDS):
        for checkout, milliseconds in taken.items():
            with tempfile.TemporaryDirectory() as scratch:
                environment = {**os.environ, "PYTHONPATH": str(checkout)}
                command = [sys.executable, "-c", code, scratch]
                done = subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE)
            milliseconds.append(fmean(lot[2] for lot in json.loads(done.stdout)[1:]))
    print("| version | processor ms a trial |\n|---|---|")
    for checkout, milliseconds in taken.items():
        print(f"| {checkout.name} | {median(milliseconds):.1f} ({', '.join(f'{ms:.1f}' for ms in milliseconds)}) |")


def over_http(running: tuple[str, int] | None) -> None:
    """Milliseconds a trial to a server, and the processor time of both sides; each round is a study of its own."""
    print("| ms a trial | processor ms of the driver | of the server |\n|---|---|---|")
    for number in range(ROUNDS):
        SPEC["name"] = f"load {time.time():.0f} {number}"
        server = nullcontext(running) if running else own_server()
        with server as (uri, group), tempfile.TemporaryDirectory() as scratch:
            print(told_over_http(Path(scratch), uri, group), flush=True)


@contextmanager
def own_server() -> Iterator[tuple[str, int]]:
    """A server as MLflow starts it: its address, and the group of its processes."""
    folder, port = tempfile.mkdtemp(), free_port()
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", folder]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), *store]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=nowhere, stderr=nowhere)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        shutil.rmtree(folder)


def told_over_http(folder: Path, uri: str, group: int) -> str:
    until_healthy(uri)
    tracker = opened(folder, uri)
    end(tracker, 0)
    while not tracker.experiment:  # MLflow is loaded, and the study's own run is there
        time.sleep(0.05)
    time.sleep(3.0)
    wall, driver, server = time.perf_counter(), others_seconds(), processor_seconds(group)
    for number in range(1, HTTP_TRIALS + 1):
        end(tracker, number)
    while len(tracker._outbox):
        time.sleep(0.01)
    spent = (time.perf_counter() - wall, others_seconds() - driver, processor_seconds(group) - server)
    assert tracker.close("FINISHED") == 0
    return "| " + " | ".join(f"{1000 * seconds / HTTP_TRIALS:.0f}" for seconds in spent) + " |"


def until_healthy(uri: str) -> None:
    for _ in range(600):
        try:
            urlopen(f"{uri}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server never answered")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processor_seconds(group: int) -> float:
    """What the processes of a group have taken so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            ticks += (int(fields[11]) + int(fields[12])) * (int(fields[2]) == group)
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    if sys.argv[1:2] == ["beside"]:
        beside(Path(sys.argv[2]))
        return
    if sys.argv[1:2] == ["server"]:
        over_http((sys.argv[2], int(sys.argv[3])) if sys.argv[2:] else None)
        return
    if len(sys.argv) > 2:  # one start of the study, in a process of its own
        what, folder, trials = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
        print(json.dumps(list(tell(folder, trials)) if what == "first" else tell_again(folder, trials)))
        return
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    with tempfile.TemporaryDirectory() as scratch:

        def start(what: str, trials: int) -> Any:
            given = [sys.executable, "-m", "benchmarks.tracking_load", what, scratch, str(trials)]
            return json.loads(subprocess.run(given, check=True, stdout=subprocess.PIPE).stdout)

        print("| trials so far | ms a trial | processor ms a trial | memory of the driver, MB |\n|---|---|---|---|")
        for so_far, wall, processor, mb in start("first", trials):
            print(f"| {so_far:,} | {wall:.1f} | {processor:.1f} | {mb:.0f} |")
        print("\n| told again | seconds | processor seconds | highest memory, MB |\n|---|---|---|---|")
        for told in (LOT, trials):
            wall, processor, mb = start("again", told)
            print(f"| {told:,} | {wall:.1f} | {processor:.1f} | {mb:.0f} |")


if __name__ == "__main__":
    main()
