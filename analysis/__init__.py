"""From the record of what was trained to a table that can be defended.

    import analysis
    study = analysis.load("activations")      # from results/ in this folder
    study.trials, study.history               # typed frames
    study.table(), study.claims()             # what the command lines print, as frames
    study.plot.curves()                       # a matplotlib figure

It reads the folder ``results`` alone and imports neither torch nor ray.
"""

from analysis.front.study import Study, load

__all__ = ["Study", "load"]
