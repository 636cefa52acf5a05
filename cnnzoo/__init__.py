"""Every network of the four reports, trained from one recipe: pure PyTorch, without Ray, Optuna or MLflow.

Names are loaded when first asked for, so that ``cnnzoo.mistake`` and ``cnnzoo.spelling`` come without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnzoo.device.precision import settle
    from cnnzoo.learning.evaluate import Epoch, Score
    from cnnzoo.learning.training import Training, train
    from cnnzoo.recipe import Recipe
    from cnnzoo.saved import Network, load, save

_HOMES = {
    "Epoch": "learning.evaluate", "Network": "saved", "Recipe": "recipe", "Score": "learning.evaluate",
    "Training": "learning.training", "load": "saved", "save": "saved", "settle": "device.precision",
    "train": "learning.training",
}  # fmt: skip

__all__ = ["Epoch", "Network", "Recipe", "Score", "Training", "load", "save", "settle", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
