"""Conditions beside their twins, which are trained on permuted labels."""

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from clusterability_analysis.conditions import TWIN_AXIS, Conditions
from clusterability_analysis.quantity import Quantity, known_quantity

_COMPARED = (
    "ncut",
    "ncut_contribution",
    "layered_modularity",
    "layered_modularity_contribution",
    "functional_clusters",
)
_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Excess:
    """One metric of a condition less that of its twin, paired by seed."""

    quantity: Quantity
    num_pairs: int
    true: float
    """Mean over the seeds that both have."""
    permuted: float
    """The same of the twin."""
    excess: float
    """Mean difference, true less permuted."""
    half_width: float | None
    """Of its 95 % interval, t_{0.975, n - 1} sd / sqrt(n); None for a single pair."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Twins:
    """A condition and the same one on permuted labels."""

    label: str
    """What the condition is called."""
    losses: tuple[float, float]
    """Mean training loss of the two after training; NaN where it was not recorded."""
    epochs: tuple[float, float]
    """Mean number of epochs that they trained."""
    excesses: tuple[Excess, ...]


def find_twins(conditions: Conditions) -> tuple[Twins, ...]:
    """Return each condition that has a twin, in the order of the conditions' table.

    Twins agree in every swept field but `dataset.permuted_labels`. Only seeds that both have are compared.
    """
    if TWIN_AXIS not in conditions.axes:
        return ()
    others = [axis for axis in conditions.axes if axis != TWIN_AXIS]
    trials = conditions.trials
    by_condition: dict[Hashable, dict[bool, pd.DataFrame]] = {}
    for condition, rows in trials.groupby("condition_id", sort=False):
        first = rows.iloc[0]
        key = tuple(first[axis] for axis in others)
        by_condition.setdefault(key, {})[bool(first[TWIN_AXIS])] = rows.set_index("seed").assign(id=condition)
    labels = conditions.table.set_index("condition_id")["label"]
    pairs = {
        pair[False]["id"].iloc[0]: pair
        for pair in by_condition.values()
        if set(pair) == {False, True} and len(pair[False].index.intersection(pair[True].index))
    }
    return tuple(_compared(labels[name], pairs[name]) for name in labels.index if name in pairs)


def _compared(label: str, pair: dict[bool, pd.DataFrame]) -> Twins:
    true, permuted = pair[False].align(pair[True], join="inner", axis=0)
    known = [_excess(known_quantity(name), true, permuted) for name in _COMPARED if name in true]
    return Twins(
        label=label,
        losses=(_mean(true, "train_loss"), _mean(permuted, "train_loss")),
        epochs=(_mean(true, "epochs_trained"), _mean(permuted, "epochs_trained")),
        excesses=tuple(filter(None, known)),
    )


def _excess(quantity: Quantity, true: pd.DataFrame, permuted: pd.DataFrame) -> Excess | None:
    """Return the difference of one metric; None where no seed has it in both."""
    values = np.column_stack([_numbers(true, quantity.name), _numbers(permuted, quantity.name)])
    values = values[np.isfinite(values).all(axis=1)]
    number = len(values)
    if not number:
        return None
    differences = values[:, 0] - values[:, 1]
    factor = stats.t.ppf((1 + _LEVEL) / 2, number - 1) / math.sqrt(number) if number > 1 else None
    return Excess(
        quantity=quantity,
        num_pairs=number,
        true=float(values[:, 0].mean()),
        permuted=float(values[:, 1].mean()),
        excess=float(differences.mean()),
        half_width=None if factor is None else float(factor * differences.std(ddof=1)),
    )


def _numbers(trials: pd.DataFrame, name: str) -> np.ndarray:
    return pd.to_numeric(trials[name], errors="coerce").to_numpy(dtype=float)


def _mean(trials: pd.DataFrame, name: str) -> float:
    return float(_numbers(trials, name).mean()) if name in trials else math.nan
