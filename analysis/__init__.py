"""From the record of what was trained to a table that can be defended.

    import analysis
    study = analysis.load("activations")      # from results/ in this folder
    study.trials, study.history               # typed frames
    study.table(), study.claims()             # what the command lines print, as frames
    study.plot.curves()                       # a matplotlib figure

It reads the folder ``results`` alone and imports neither torch nor ray. Names are loaded when first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.front.study import Study, load

__all__ = ["Study", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analysis.front import study

    return getattr(study, name)
