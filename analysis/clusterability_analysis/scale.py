"""Which axes take n-cuts off one scale: those that change how it is measured, or the size of the graph."""

import pandas as pd

from clusterability_analysis.conditions import Conditions

_SECTIONS_THAT_MAY_CHANGE_THE_SIZE = ("model.", "dataset.")


def axes_off_scale(conditions: Conditions) -> tuple[str, ...]:
    """Return the varying axes between whose values n-cuts do not compare.

    These are all axes of `ncut.` (k, the estimator), and those that change the number of units of the graph:
    among conditions that differ in nothing else, the number differs. Where the trials do not say how many
    units they have (earlier versions), or no two conditions differ in one axis alone (a random search), any
    axis of the model or the data set counts.
    """
    changing = _axes_that_change_the_size(conditions)
    return tuple(axis for axis in conditions.axes if axis.startswith("ncut.") or axis in changing)


def _axes_that_change_the_size(conditions: Conditions) -> set[str]:
    axes = list(conditions.axes)
    table = conditions.trials.drop_duplicates("condition_id")[[*axes, "num_units"]]
    known = table["num_units"].notna().all()
    if known and table["num_units"].nunique() <= 1:
        return set()
    found = {axis for axis in axes if _sizes_differ(table, [other for other in axes if other != axis])}
    if known and found:
        return found
    return {axis for axis in axes if axis.startswith(_SECTIONS_THAT_MAY_CHANGE_THE_SIZE)}


def _sizes_differ(table: pd.DataFrame, held_fixed: list[str]) -> bool:
    """Say whether the number of units differs among conditions with equal values of these axes."""
    if not held_fixed:
        return table["num_units"].nunique() > 1
    return bool(table.groupby(held_fixed, dropna=False)["num_units"].nunique().gt(1).any())
