"""The value: a study with its arms, budget, tune spaces and claims, all checked when it is made."""
