"""A study at a scale as plain JSON, for the tags of its parent run: all that the analysis ever needs to know of it."""

import json
from typing import Any

from optuna.distributions import distribution_to_json

from cnnzoo.data import Dataset
from search_spaces import Distribution
from studies.engine.budget import SEARCH_SEED
from studies.engine.plan import Plan


def spec(plan: Plan, dataset: Dataset) -> dict[str, Any]:
    study = plan.study
    return {
        "name": study.name,
        "question": study.question,
        "scale": plan.scale,
        "dataset": dataset_facts(dataset),
        "base": plan.base.to_json(),
        "smaller": study.scale(plan.scale).changes,
        "arms": {arm: study.arms[arm].changes for arm in plan.arms},
        "chosen_in": {arm: source.name for arm in plan.arms if (source := study.arms[arm].chosen_in)},
        "baseline": study.baseline,
        "tuned_arms": {name: tuned.changes for name, tuned in plan.tuned.items()},
        "tuned_baseline": plan.tuned_of.get(study.baseline),
        "tuned_of": plan.tuned_of,
        "tune": {name: {f: _values(d) for f, d in tuned.space.items()} for name, tuned in plan.tuned.items()},
        "budget": {
            "seeds": plan.budget.reported_seeds,
            "confirm_seeds": plan.budget.confirm_seeds,
            "search_seed": SEARCH_SEED,
            "trials_per_arm": plan.budget.trials_per_arm,
        },
        "reported": {arm: dict(study.figures(arm)) for arm in plan.arms if study.figures(arm)},
        "claims": [claim.to_json() for claim in study.claims],
        "margin": study.margin,
        "table": {"rows": study.rows, "columns": study.columns} if study.rows else None,
    }


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "source": dataset.source,
        "digest": dataset.digest,
        "classes": len(dataset.classes),
        "shape": list(dataset.shape),
        "train": len(dataset.train),
        "validation": len(dataset.validation),
        "test": len(dataset.test),
    }


def _values(distribution: Distribution) -> dict[str, Any]:
    """The ends of its range, or its choices."""
    values: dict[str, Any] = json.loads(distribution_to_json(distribution))["attributes"]
    return values
