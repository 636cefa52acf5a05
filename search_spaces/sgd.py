"""What is tuned when a network learns by SGD with momentum."""

from optuna.distributions import FloatDistribution

from search_spaces import Space

LEARNING_RATE: Space = {"lr": FloatDistribution(1e-3, 1.0, log=True)}
LEARNING_RATE_AND_DECAY: Space = {**LEARNING_RATE, "weight_decay": FloatDistribution(1e-5, 1e-2, log=True)}
