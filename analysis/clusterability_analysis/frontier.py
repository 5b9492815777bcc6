"""The Pareto frontiers over a sweep's conditions: the space's objectives', and the layered modularity's."""

from collections.abc import Sequence
from dataclasses import dataclass

import moocore
import numpy as np
import pandas as pd

from clusterability_analysis.conditions import Conditions, field_values
from clusterability_analysis.shown import ACCURACY, Shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Frontier:
    """Which conditions no other condition beats on every objective."""

    shown: Shown
    """What it is over, and what figures draw of it."""
    table: pd.DataFrame
    """The frontier's conditions, best `shown.across` first; the column `frontier` has their numbers."""
    all_conditions: pd.DataFrame
    """Every condition, best `shown.across` first; `frontier` is its number, or NA for a dominated one.

    A condition has one number in a report: from 1 along the objectives' frontier, then on along the second.
    """
    hypervolume: float | None
    """Share of the rectangle (accuracy 0 to 1) x (n-cut 0 to k) that the frontier dominates, 0 to 1."""
    status: str
    """"ok", or why there is no frontier or no hypervolume."""

    @property
    def control_first(self) -> pd.DataFrame:
        """The control, then the frontier's other conditions in their order."""
        table = self.all_conditions
        shown = table[table["control"] | table["frontier"].notna()]
        return shown.sort_values(["control", "frontier"], ascending=[False, True], kind="stable")


def pareto_mask(values: np.ndarray, maximise: Sequence[bool]) -> np.ndarray:
    """Return which points are not dominated, shape (n,), boolean.

    Point j dominates i when it is at least as good in every objective and better in one; equal points do not
    dominate each other, so all copies of a frontier point stay.

    Args:
        values: one row per point, one column per objective, shape (n, d).
        maximise: for each objective, whether larger is better.

    Raises:
        ValueError: a value is not finite (moocore would rank it silently).
    """
    points = _finite(values)
    if not len(points):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(points, maximise=list(maximise), keep_weakly=True), dtype=bool)


def hypervolume_share(accuracy: np.ndarray, ncut: np.ndarray, num_clusters: int) -> float:
    """Return the area that the points dominate, divided by that of accuracy 0..1 x n-cut 0..k.

    The reference point is (accuracy 0, n-cut k): n-cut of k clusters never exceeds k. It does not depend on
    the sweep, so shares of sweeps with one k and one data set can be compared. 0 for no points.

    Raises:
        ValueError: a value is not finite (moocore.hypervolume would return 0.0).
    """
    points = _finite(np.column_stack([accuracy, ncut]))
    if not len(points):
        return 0.0
    area = moocore.hypervolume(points, ref=[0.0, float(num_clusters)], maximise=[True, False])
    return float(area) / num_clusters


def find_frontier(conditions: Conditions, table: pd.DataFrame, settings: dict[str, object]) -> Frontier:
    """Find the frontier of the conditions' mean objectives.

    Args:
        conditions: the sweep's conditions.
        table: the rows of `conditions.table`, with any further columns that the frontier should carry.
        settings: fields held fixed over the sweep, for k.
    """
    shown = conditions.shown
    on_frontier = _mask(table, shown)
    numbers = pd.Series(np.cumsum(on_frontier), index=table.index, dtype="Int64").where(on_frontier)
    numbered = table.copy()
    numbered.insert(0, "frontier", numbers)
    share, status = _hypervolume(conditions, table, settings)
    if table.empty:
        status = no_complete_trial(conditions)
    return Frontier(
        shown=shown,
        table=numbered[on_frontier].reset_index(drop=True),
        all_conditions=numbered,
        hypervolume=share,
        status=status,
    )


def find_second_frontier(first: Frontier) -> Frontier | None:
    """Find the frontier of test accuracy and layered modularity; None where no condition has the latter.

    A condition without it is left out. In `all_conditions`, `elsewhere` is the number of a condition that is
    on the first frontier alone.
    """
    shown = first.shown.with_modularity
    if shown is None:
        return None
    table = first.all_conditions.dropna(subset=[quantity.mean for quantity in shown.objectives])
    if table.empty:
        return None
    best_first = [shown.across.mean, shown.upwards.mean, "condition_id"]
    table = table.sort_values(best_first, ascending=[False, False, True]).reset_index(drop=True)
    on_frontier = _mask(table, shown)
    known = table.pop("frontier")
    new = pd.Series(on_frontier, index=table.index) & known.isna()
    numbers = known.where(~new, len(first.table) + new.cumsum())
    table.insert(0, "frontier", numbers.where(on_frontier))
    table.insert(1, "elsewhere", known.where(~on_frontier))
    return Frontier(
        shown=shown,
        table=table[on_frontier].drop(columns="elsewhere").reset_index(drop=True),
        all_conditions=table,
        hypervolume=None,
        status="no hypervolume: layered modularity has no upper end that networks could reach",
    )


def _mask(table: pd.DataFrame, shown: Shown) -> np.ndarray:
    """Return which conditions are on the frontier; twins, which cannot do the task, do not compete."""
    values = table[[objective.mean for objective in shown.objectives]].to_numpy(dtype=float)
    mask = ~table["twin"].to_numpy(dtype=bool)
    mask[mask] = pareto_mask(values[mask], [objective.maximise for objective in shown.objectives])
    return mask


def no_complete_trial(conditions: Conditions) -> str:
    """Say why there is nothing to compare."""
    required = " and ".join(quantity.label for quantity in conditions.shown.required)
    return (
        f"No trial of this sweep is complete with a finite {required}: {conditions.num_trials} "
        f"trials, {len(conditions.failed)} failed or stopped, {conditions.num_unfinished} unfinished, "
        f"{conditions.num_unusable} without the metrics. There is no frontier and nothing to test."
    )


def _hypervolume(
    conditions: Conditions, table: pd.DataFrame, settings: dict[str, object]
) -> tuple[float | None, str]:
    shown = conditions.shown
    directions = {objective.name: objective.direction for objective in shown.objectives}
    ncut = shown.ncut
    if directions != {ACCURACY: "max", ncut.name: "min"}:
        return (
            None,
            "no hypervolume: the objectives are others than test accuracy and n-cut",
        )
    known = field_values("ncut.num_clusters", table, settings).dropna().unique()
    if len(known) != 1:
        return None, "no hypervolume: the number of clusters k is not one and the same for all conditions"
    accuracies, ncuts = table[f"{ACCURACY}_mean"].to_numpy(), table[ncut.mean].to_numpy()
    return hypervolume_share(accuracies, ncuts, int(known[0])), "ok"


def _finite(values: np.ndarray) -> np.ndarray:
    points = np.asarray(values, dtype=float)
    if not np.isfinite(points).all():
        raise ValueError(f"{(~np.isfinite(points)).sum()} of {points.size} values are not finite")
    return points
