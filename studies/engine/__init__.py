"""What a study file needs: ``from studies.engine import Arm, Budget, Scale, Study, claim, grid, main``.

Loaded when first asked for, so that ``studies.engine.schema``, which the analysis reads, comes without torch and ray.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studies.engine.arms import Arm, grid
    from studies.engine.budget import Budget, Scale
    from studies.engine.cli import main
    from studies.engine.declared.claims import claim
    from studies.engine.study import Study

_HOMES = {
    "Arm": "arms", "grid": "arms", "Budget": "budget", "Scale": "budget", "claim": "declared.claims", "main": "cli", "Study": "study",
}  # fmt: skip

__all__ = ["Arm", "Budget", "Scale", "Study", "claim", "grid", "main"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
