"""What a study file needs: ``from studies.engine import Arm, Budget, Scale, Study, claim, grid, main``.

Loaded when first asked for, so that ``studies.engine.schema``, which the analysis reads, comes without torch and ray.
"""

import importlib
import inspect
import sys
from collections.abc import Mapping
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studies.engine.arms import Arm, grid
    from studies.engine.budget import Budget, EarlyStopping, Scale
    from studies.engine.claims import claim
    from studies.engine.cli import main
    from studies.engine.study import Study

_HOMES = {
    "Arm": "arms", "grid": "arms", "Budget": "budget", "EarlyStopping": "budget", "Scale": "budget", "claim": "claims",
    "main": "cli", "Study": "study",
}  # fmt: skip

_OURS = (f"{__name__}.", "cnnzoo.", "search_spaces.")

__all__ = ["Arm", "Budget", "EarlyStopping", "Scale", "Study", "claim", "grid", "main"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    sys.excepthook = _tell_a_mistake  # here, so that only what states or runs a study has it
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def _tell_a_mistake(kind: type[BaseException], error: BaseException, trace: Any, usual: Any = sys.excepthook) -> None:
    """A mistake in a study that is being run is one line with its place; whatever else goes wrong has its traceback."""
    places = [(f"{f.f_globals.get('__name__')}.", f"{f.f_code.co_filename}:{line}") for f, line in walk_tb(trace)]
    *_, (last, _) = walk_tb(trace)
    allowed = _allowed(error, last.f_globals) if kind is TypeError and places[-1][0] == "__main__." else ""
    refused = allowed or (kind is ValueError and places[-1][0].startswith((*_OURS, "optuna.")))
    if refused and places[0][0] == "__main__." and hasattr(sys.modules["__main__"], "__file__"):  # a file, no console
        *_, place = (at for name, at in places if name.startswith(("__main__.", "studies.")) and __name__ not in name)
        print(f"error: {place}: {' '.join(str(error).split())}{allowed}", file=sys.stderr)
        sys.exit(2)
    usual(kind, error, trace)


def _allowed(error: BaseException, names: Mapping[str, Any]) -> str:
    """What may be given to what a study file has called wrongly; nothing where that is not of ours."""
    called = names.get(str(error).partition("(")[0].removesuffix(".__init__"))
    if called is None or not f"{called.__module__}.".startswith(_OURS):
        return ""
    return f"; it takes {', '.join(inspect.signature(called).parameters)}."
