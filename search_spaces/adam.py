"""What is tuned when a network learns by Adam or AdamW."""

from optuna.distributions import FloatDistribution

from search_spaces import Space

LEARNING_RATE: Space = {"lr": FloatDistribution(1e-5, 1e-2, log=True)}
LEARNING_RATE_AND_L1: Space = {**LEARNING_RATE, "l1": FloatDistribution(1e-7, 1e-2, log=True)}
LEARNING_RATE_AND_DECAY: Space = {**LEARNING_RATE, "weight_decay": FloatDistribution(1e-6, 1e-1, log=True)}
