"""Which rows of a kernel belong to which unit of a layer."""

from dataclasses import dataclass

import numpy as np

from clusterability.errors import GraphError
from clusterability.graph.signal import Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitRows:
    """The rows that read the units of one layer."""

    positions: np.ndarray
    """Rows of each unit, shape (units, places), ascending; -1 for units that are not read."""
    scale: np.ndarray
    """Factor of each unit, shape (units,)."""
    are_whole: bool
    """Row i belongs to unit i, and there are no others."""


def rows_of_units(signal: Signal, entries: np.ndarray, layer: int, width: int, label: str) -> UnitRows:
    """Find a layer's units among the entries that a kernel's rows read.

    Raises:
        GraphError: units at different numbers of places, or a unit with different factors.
    """
    rows = np.flatnonzero((entries >= 0) & (signal.layers[entries] == layer))
    units, scales = signal.units[entries[rows]], signal.scales[entries[rows]]
    counts = np.bincount(units, minlength=width)
    area = int(counts.max())
    if ((counts > 0) & (counts < area)).any():
        raise GraphError(
            f"{label}: got units read at {counts[counts > 0].min()} to {area} places, "
            "allowed: all at the same number"
        )
    positions = np.full((width, area), -1)
    scale = np.ones(width)
    order = np.argsort(units, kind="stable")
    read = np.flatnonzero(counts)
    positions[read] = rows[order].reshape(-1, area)
    by_unit = scales[order].reshape(-1, area)
    if not np.allclose(by_unit, by_unit[:, :1], rtol=1e-9, atol=0):
        raise GraphError(f"{label}: got units with different factors at different places, allowed: one each")
    scale[read] = by_unit[:, 0]
    whole = area == 1 and len(entries) == width and bool((positions[:, 0] == np.arange(width)).all())
    return UnitRows(positions=positions, scale=scale, are_whole=whole)
