"""Sweeps that look like real ones: networks whose n-cut falls with regularisation, each with its own null."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterability.config import Objective
from clusterability.tracking import SweepTable

REGULARISED = {
    "penalties.clusterability.weight": [0.0, 0.1, 1.0],
    "penalties.l1.weight": [0.0, 5e-5],
    "model.dropout": [0.0, 0.5],
}


def simulate_units(values: dict[str, Any]) -> float:
    widths, depth = values.get("model.widths"), values.get("model.depth")
    hidden = sum(widths) if isinstance(widths, tuple) else 64
    return values.get("model.width_factor", 1) * hidden * (depth or 1)


def simulate_trial(values: dict[str, Any], seed: int, index: int, num_shuffles: int) -> dict[str, Any]:
    chance = np.random.default_rng([seed, index])
    penalty = float(values.get("penalties.clusterability.weight", 0.0))
    l1_weight = float(values.get("penalties.l1.weight", 0.0))
    dropout = float(values.get("model.dropout", 0.0))
    null_values = 9.2 - 8000 * l1_weight + chance.normal(0, 0.02, num_shuffles)
    ncut = 9.2 - 0.15 - 7000 * l1_weight - 2 * penalty - 0.1 * dropout + chance.normal(0, 0.06)
    null_sd = null_values.std(ddof=1)
    return {
        "test_accuracy": 0.972 - 0.02 * penalty + 0.01 * dropout - 100 * l1_weight + chance.normal(0, 0.003),
        "validation_accuracy": 0.97,
        "train_accuracy": 1.0,
        "ncut": ncut,
        "null_mean": null_values.mean(),
        "null_sd": null_sd,
        "z_score": (ncut - null_values.mean()) / null_sd,
        "p_value": (1 + (null_values <= ncut).sum()) / (1 + num_shuffles),
        "ncut_contribution": ncut - 0.3 + chance.normal(0, 0.1),
        "null_mean_contribution": null_values.mean() + 0.1,
        "null_sd_contribution": 2 * null_sd,
        "z_score_contribution": (ncut - 0.3 - null_values.mean()) / (2 * null_sd),
        "p_value_contribution": chance.integers(1, num_shuffles + 2) / (1 + num_shuffles),
        "num_units": simulate_units(values),
        "num_isolated": 3.0,
        "num_components": 1.0,
        "seconds_training": 2.5,
        "seconds_measuring": 1.5,
    }


def simulate_verdict(trial: dict[str, Any], seed: int, index: int, num_shuffles: int) -> dict[str, Any]:
    """The verdict's null lies below the first one, so that fewer n-cuts are lower than it; both graphs."""
    chance = np.random.default_rng([seed, index, 1])
    values = {}
    for suffix in ("", "_contribution"):
        ncut = trial[f"ncut{suffix}"]
        observed = 0.03 + 0.05 * (9.2 - ncut) + chance.normal(0, 0.003)
        null_values = chance.normal(0.04, 0.004, num_shuffles)
        null_sd = null_values.std(ddof=1)
        values |= {
            f"verdict_null_mean{suffix}": trial[f"null_mean{suffix}"] - 0.3,
            f"verdict_null_sd{suffix}": 0.1,
            f"verdict_z_score{suffix}": (ncut - trial[f"null_mean{suffix}"] + 0.3) / 0.1,
            f"verdict_p_value{suffix}": chance.integers(1, num_shuffles + 2) / (1 + num_shuffles),
            f"layered_modularity{suffix}": observed + 0.01,
            f"layered_modularity_at_k{suffix}": observed,
            f"layered_modularity_null_mean{suffix}": null_values.mean(),
            f"layered_modularity_null_sd{suffix}": null_sd,
            f"layered_modularity_z_score{suffix}": (observed - null_values.mean()) / null_sd,
            f"layered_modularity_p_value{suffix}": (1 + (null_values >= observed).sum()) / (1 + num_shuffles),
        }
    return values


def build_sweep(
    axes: dict[str, list[Any]] | None = None,
    seeds: Iterable[int] = (0, 1, 2),
    num_shuffles: int = 50,
    failing: Iterable[int] = (),
    error: str = "the loss is not finite after epoch 3",
    verdict: bool = False,
    **replaced: Any,
) -> SweepTable:
    """Build the full grid of `axes`; the trials numbered in `failing` are failed ones without metrics.

    With `verdict` they have the tests against the verdict's null as well, which earlier versions lack. The
    control is the grid's first point, as where each axis lists the space's own value first.
    """
    axes = REGULARISED if axes is None else axes
    grid = [{}]
    for axis, values in axes.items():
        grid = [{**start, axis: value} for start in grid for value in values]
    rows = []
    for index, values in enumerate(grid):
        for seed in seeds:
            row = {
                "trial_id": f"c{index:04d}-s{seed}", "condition_id": f"c{index:04d}", "seed": seed,
                "run_id": f"r{len(rows)}", **values,
            }  # fmt: skip
            if len(rows) in set(failing):
                row |= {"state": "failed", "error": error}
            else:
                row |= {
                    "state": "complete",
                    "error": None,
                    **simulate_trial(values, seed, index, num_shuffles),
                }
                if verdict:
                    row |= simulate_verdict(row, seed, index, num_shuffles)
            rows.append(row)
    trials = pd.DataFrame(rows)
    for axis in axes:  # as the reader of the store does
        trials[axis] = pd.Series([row[axis] for row in rows], dtype=object)
    content = {
        "sweep_id": "mlp_reg-20260101-120000",
        "space": "mlp_reg",
        "description": "Which regularisers make a small MLP more clusterable, and at what cost in accuracy?",
        "run_id": "0123456789abcdef",
        "state": "complete",
        "axes": tuple(axes),
        "objectives": (Objective(), Objective(metric="ncut", direction="min")),
        "metrics": {},
        "settings": {
            "dataset.name": "digits",
            "ncut.num_clusters": 12,
            "nulls.num_shuffles": num_shuffles,
            "nulls.null": "layer",
            **({"nulls.verdict": "unit_factors"} if verdict else {}),
        },
        "control": grid[0],
        "trials": trials,
    }
    return SweepTable(**(content | replaced))


@pytest.fixture(scope="session")
def make_sweep() -> Callable[..., SweepTable]:
    return build_sweep
