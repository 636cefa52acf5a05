"""A process that has imported all that a study needs, and forks off a study whenever it is asked to: `Warm` in runs.py.

A study that is killed thirty times spends more time on importing torch, Ray and MLflow than on everything else. A forked
one is a process like any other: it has its own id, session, working folder and locks, and SIGKILL ends it as it ends any.
Nothing is done here but importing: no thread runs yet, no file, database or Ray is open that two children could share.
"""

# ruff: noqa: F401 -- importing is the purpose

import atexit
import gc
import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import mlflow.store.tracking.sqlalchemy_store
import torch._dynamo

import studies.engine.mirror.mlflow_runs
import studies.engine.terminal.cli
from studies.engine.run.on_ray import settings as ray_settings

ray_settings.apply(cluster="--cluster" in sys.argv)
import studies.engine.run.on_ray.tuner  # noqa: E402


def main() -> None:
    """A line in, a line out: a study's process id for a study to start, an exit code for a process to wait for."""
    gc.freeze()  # a collection in a child would copy the pages of everything that was imported
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                study(**request)
        print(answer, flush=True)
    leave(0)


def study(folder: str, output: str, script: str, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """Become `python script arguments`, started in the folder."""
    os.setsid()
    os.chdir(folder)
    os.environ.update(environment)
    for path, how, stream in (
        (os.devnull, os.O_RDONLY, 0),
        (f"{output}.out", os.O_WRONLY | os.O_CREAT, 1),
        (f"{output}.err", os.O_WRONLY | os.O_CREAT, 2),
    ):
        os.dup2(os.open(path, how), stream)
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    try:
        try:
            runpy.run_path(script, run_name="__main__")
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)  # as the interpreter does it
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else 0)
    except BaseException:
        traceback.print_exc()
    leave(1)


def leave(code: int) -> NoReturn:
    """As the interpreter does it, without taking to pieces all that was imported."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
