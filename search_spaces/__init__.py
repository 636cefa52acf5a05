"""Plain data: what may be tuned, as Optuna distributions by recipe field, and the grids of the reports. No logic."""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution

Space = Mapping[str, BaseDistribution]
