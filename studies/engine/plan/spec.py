"""A study at a scale as plain JSON, for `spec.json` in the book: all that the analysis ever needs to know of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from optuna.distributions import distribution_to_json

from cnnzoo.data import Dataset
from studies.engine.plan.plan import Plan


def spec(plan: Plan, dataset: Dataset) -> dict[str, Any]:
    study = plan.study
    return {
        "name": study.name,
        "question": study.question,
        "scale": plan.scale,
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "digest": dataset.digest,
            "classes": len(dataset.classes),
            "shape": list(dataset.shape),
            "train": len(dataset.train),
            "validation": len(dataset.validation),
            "test": len(dataset.test),
        },
        "base": plan.base.to_json(),
        "smaller": plan.smaller,
        "arms": {arm: study.arms[arm].changes for arm in plan.arms},
        "chosen_in": {arm: source.name for arm in plan.arms if (source := study.arms[arm].chosen_in)},
        "baseline": study.baseline,
        "tuned_arms": {name: tuned.changes for name, tuned in plan.tuned.items()},
        "tuned_baseline": plan.tuned_of.get(study.baseline),
        "tuned_of": plan.tuned_of,
        "tune": {
            name: {field: json.loads(distribution_to_json(of))["attributes"] for field, of in tuned.space.items()}
            for name, tuned in plan.tuned.items()
        },
        "budget": {
            "first_look": min(study.budget_at(plan.scale).seeds, plan.budget.seeds),
            "at_most": plan.budget.at_most,
            "more_seeds": {
                stage: {arm: count for (of, arm), count in plan.more_seeds.items() if of == stage}
                for stage in ("reported", "confirm")
            },
            "seeds": list(plan.reported_seeds(plan.budget.seeds)),
            "confirm_seeds": plan.budget.confirm_seeds,
            "search_seed": plan.budget.search_seed(1),
            "trials_per_arm": plan.budget.trials_per_arm,
            "searches": plan.budget.searches,
            "runoff_seeds": list(plan.budget.runoff_seeds) if plan.budget.runoff_trials else [],
            "early_stopping": asdict(plan.budget.early_stopping) if plan.budget.early_stopping else None,
        },
        "reported": {arm: dict(study.figures(arm)) for arm in plan.arms if study.figures(arm)},
        "claims": [claim.to_json() for claim in study.claims],
        "margin": study.margin,
        "table": {"rows": study.rows, "columns": study.columns} if study.rows else None,
    }


def declaration(spec: Mapping[str, Any], before: Mapping[str, Any], now: float) -> dict[str, Any]:
    """What is judged, and how often it may be looked at, as hashes; since when all of it is so; and what was changed when."""
    looks = {name: spec["budget"][name] for name in ("first_look", "at_most", "searches")}
    said = {"claims": spec["claims"], "margin": spec["margin"], "arms": spec["arms"], "baseline": spec["baseline"]}
    digest, parts = _hash([*said.values(), looks]), {name: _hash(of) for name, of in {**said, "looks": looks}.items()}
    known = before.get("declared", {})
    if known.get("hash") == digest:
        return {**known, "parts": parts}
    changed = [name for name, part in parts.items() if known.get("parts", parts)[name] != part]
    changes = [*known.get("changes", ()), {"when": now, "what": changed}] if known else []
    return {"hash": digest, "when": now, "parts": parts, "changes": changes}


def _hash(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def given_before(spec: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The seeds, by stage and arm, that undecided questions were given, by the spec that was written then."""
    stages = spec.get("budget", {}).get("more_seeds", {})
    return {(stage, arm): count for stage, arms in stages.items() for arm, count in arms.items()}
