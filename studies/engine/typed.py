"""How a person types the platform's commands, and so how the hints at the end of a screen spell them.

Whoever typed ``cnn-studies run activations`` is told to type ``cnn-studies tables ...`` next; whoever typed
``python studies/activations.py`` is told ``python analysis/tables.py ...``, as long as that file is there to be run.
"""

import os
import shlex
import sys
from pathlib import Path

FRONT = "cnn-studies"
STUDIES = Path(__file__).parents[1]
_VARIABLE = "CNN_STUDIES_TYPED"  # in the environment, so that commands started by this one know it, too


def by(front: str) -> None:
    """From here on hints are spelled for somebody who typed this: `cnn-studies`, or `python -m studies`."""
    os.environ[_VARIABLE] = front


def tool(name: str, *rest: str) -> str:
    """A command of the analysis: `python analysis/tables.py --study x`, or `cnn-studies tables --study x`."""
    script = Path("analysis", f"{name}.py")
    return _spelled(["python", str(script)] if _files_are_told(script) else [_front(), name], rest)


def study(name: str, *rest: str) -> str:
    """A study of the platform: `python studies/x.py --scale demo`, or `cnn-studies run x --scale demo`."""
    script = Path("studies", f"{name}.py")
    return _spelled(["python", str(script)] if _files_are_told(script) else [_front(), "run", name], rest)


def again(*rest: str) -> str:
    """The study that is running, as it was typed."""
    script = Path(sys.argv[0])
    if _VARIABLE not in os.environ:
        return _spelled(["python", str(script)], rest)
    ours = script.resolve().parent == STUDIES
    return _spelled([_front(), "run", script.stem if ours else str(script)], rest)


def _files_are_told(script: Path) -> bool:
    return _VARIABLE not in os.environ and script.exists()


def _front() -> str:
    return os.environ.get(_VARIABLE, FRONT)


def _spelled(command: list[str], rest: tuple[str, ...]) -> str:
    words = command[0].split() + command[1:]
    return shlex.join([*words, *rest])
