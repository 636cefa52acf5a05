"""Plain data: what may be tuned, as Optuna distributions by recipe field, and the grids of the reports. No logic."""

from collections.abc import Mapping

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

Distribution = CategoricalDistribution | FloatDistribution | IntDistribution
Space = Mapping[str, Distribution]
