"""Every network of the four reports, trained from one recipe: pure PyTorch, without Ray, Optuna or MLflow.

Names are loaded when first asked for, so that ``cnnzoo.mistake`` and ``cnnzoo.spelling`` come without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnzoo.evaluate import Epoch, Score
    from cnnzoo.precision import settle
    from cnnzoo.recipe import Recipe
    from cnnzoo.saved import Network, load, save
    from cnnzoo.training import Training, train

_HOMES = {
    "Epoch": "evaluate", "Network": "saved", "Recipe": "recipe", "Score": "evaluate", "Training": "training",
    "load": "saved", "save": "saved", "settle": "precision", "train": "training",
}  # fmt: skip

__all__ = ["Epoch", "Network", "Recipe", "Score", "Training", "load", "save", "settle", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
