"""What a frontier's figure shows: one point per condition, its seeds' spread, its null."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterability_analysis.frontier import Frontier
from clusterability_analysis.quantity import Quantity
from clusterability_analysis.tested import Tested

MAX_NULLS = 14
"""Nulls drawn, those of the first frontier and control conditions: more would be a thicket."""
MAX_KEY = 14
"""Frontier conditions that are spelled out beside the figure; the table has all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontierInfo:
    """What the frontier figure shows; all arrays have one entry per condition."""

    across: Quantity
    """What the horizontal axis is."""
    upwards: Quantity
    """What the vertical axis is."""
    is_plane: bool
    """Whether the frontier is over these two: then it is a line, else a set of points."""
    objectives: tuple[str, ...]
    """Labels of what the frontier is over."""
    x: np.ndarray
    x_sd: np.ndarray
    """Standard deviation between seeds; NaN where there is one seed."""
    y: np.ndarray
    y_sd: np.ndarray
    test: Tested | None
    """The null test of what is drawn across."""
    null_mean: np.ndarray
    """NaN where there is none."""
    null_sd: np.ndarray
    number: np.ndarray
    """Number of a frontier condition, from 1; 0 for a dominated condition."""
    elsewhere: np.ndarray
    """Number of a condition that is on the frontier of the other figure alone; else 0."""
    control: np.ndarray
    penalised: np.ndarray
    reference: tuple[str, ...]
    """What a network is called that others are compared with, such as one that is cut; else empty."""
    shows_null: np.ndarray
    """Whether the condition's null is drawn: frontier and control conditions."""
    key: tuple[tuple[int, str], ...]
    """Numbers and labels of the first MAX_KEY frontier conditions, best `across` first."""

    @property
    def limit(self) -> float | None:
        """Value of y at which the panel ends, where far worse conditions would flatten the frontier.

        None where all conditions fit. It is worse than every frontier and control condition and its bar.
        """
        sign = self.upwards.sign
        y, bar = sign * self.y, np.nan_to_num(self.y_sd)
        notable = (self.number > 0) | self.control
        low, high = (y - bar)[notable].min(), (y + bar)[notable].max()
        span = max(high - low, 0.01)
        return float(sign * (low - span)) if y.min() < low - 2 * span else None

    @property
    def beyond(self) -> np.ndarray:
        """Which conditions are worse than the limit."""
        if self.limit is None:
            return np.zeros(len(self.y), dtype=bool)
        return self.upwards.sign * self.y < self.upwards.sign * self.limit

    @property
    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners (x, y) of the staircase between frontier points, best x first."""
        order = np.argsort(-self.across.sign * self.x[self.number > 0], kind="stable")
        x, y = self.x[self.number > 0][order], self.y[self.number > 0][order]
        return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def info_of(frontier: Frontier) -> FrontierInfo | None:
    """Collect what a frontier's figure shows; None where there is no condition."""
    shown, table = frontier.shown, frontier.all_conditions
    if table.empty or table["twin"].all():
        return None
    number, elsewhere = (_numbers(table, name) for name in ("frontier", "elsewhere"))
    control = table["control"].to_numpy(dtype=bool)
    test = shown.test_of(shown.across)
    null_mean, null_sd = np.full((2, len(table)), math.nan)
    if test is not None:
        null_mean, null_sd = (_means(table, name) for name in (test.null_mean, test.null_sd))
    shows_null = ((number > 0) | control) & np.isfinite(null_mean)
    shows_null &= np.cumsum(shows_null) <= MAX_NULLS
    keyed = frontier.table.head(MAX_KEY)
    return FrontierInfo(
        across=shown.across,
        upwards=shown.upwards,
        is_plane=shown.is_plane,
        objectives=tuple(objective.label for objective in shown.objectives),
        x=table[shown.across.mean].to_numpy(dtype=float),
        x_sd=table[shown.across.sd].to_numpy(dtype=float),
        y=table[shown.upwards.mean].to_numpy(dtype=float),
        y_sd=table[shown.upwards.sd].to_numpy(dtype=float),
        test=test,
        null_mean=null_mean,
        null_sd=null_sd,
        number=number,
        elsewhere=elsewhere,
        control=control,
        penalised=table["penalised"].to_numpy(dtype=bool),
        reference=tuple(table["reference"].fillna("")),
        shows_null=shows_null,
        key=tuple(zip(map(int, keyed["frontier"]), keyed["label"], strict=True)),
    )


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    if column not in table:
        return np.zeros(len(table), dtype=int)
    return table[column].fillna(0).to_numpy(dtype=int)


def _means(table: pd.DataFrame, metric: str) -> np.ndarray:
    return table[f"{metric}_mean"].to_numpy(dtype=float)
