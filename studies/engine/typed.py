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
    return _command(Path("analysis", f"{name}.py"), [name], rest)


def study(name: str, *rest: str) -> str:
    """A study of the platform: `python studies/x.py --scale demo`, or `cnn-studies run x --scale demo`."""
    return _command(Path("studies", f"{name}.py"), ["run", name], rest)


def again(*rest: str) -> str:
    """The study that is running, as it was typed."""
    script = Path(sys.argv[0])
    ours = script.resolve().parent == STUDIES
    return _command(script, ["run", script.stem if ours else str(script)], rest)


def _command(script: Path, words: list[str], rest: tuple[str, ...]) -> str:
    typed = os.environ.get(_VARIABLE)
    if typed is None and script.exists():
        return shlex.join(["python", str(script), *rest])
    return shlex.join([*(typed or FRONT).split(), *words, *rest])
