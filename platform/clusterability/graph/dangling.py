"""Units that lie on no path from a network's inputs to its outputs."""

from collections.abc import Sequence

import numpy as np

_ROWS = 64  # units whose edges are looked at together: in a dense layer the first few reach all others

Ends = Sequence[tuple[int, int, np.ndarray]]
"""Blocks as (source, target, matrix of shape (units of source, units of target))."""


def units_on_paths(ends: Ends, widths: Sequence[int]) -> list[np.ndarray]:
    """Return for each layer which units lie on a path from the inputs to the outputs, shape (units,).

    A path follows nonzero weights from source to target. It begins in a layer that no block enters and ends
    in one that no block leaves. Every unit on a path has its whole path, so the others can be left out at
    once: none that remain lose their own.
    """
    backwards = [(target, source, matrix.T) for source, target, matrix in reversed(ends)]
    pairs = zip(_reached(ends, widths), _reached(backwards, widths), strict=True)
    return [from_inputs & to_outputs for from_inputs, to_outputs in pairs]


def _reached(ends: Ends, widths: Sequence[int]) -> list[np.ndarray]:
    """Return which units can be reached from layers that no block enters, those layers' own included."""
    entered = {target for _, target, _ in ends}
    reached = [np.full(width, layer not in entered) for layer, width in enumerate(widths)]
    grows = True
    while grows:  # twice where sources come before their targets, the second time without finding any
        grows = False
        for source, target, matrix in ends:
            found = _newly_reached(reached[source], reached[target], matrix)
            reached[target][found] = True
            grows = grows or found.size > 0
    return reached


def _newly_reached(sources: np.ndarray, targets: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    rows, unreached = np.flatnonzero(sources), np.flatnonzero(~targets)
    found = []
    for first in range(0, len(rows), _ROWS):
        if not unreached.size:
            break
        connected = (matrix[np.ix_(rows[first : first + _ROWS], unreached)] != 0).any(axis=0)
        found.append(unreached[connected])
        unreached = unreached[~connected]
    return np.concatenate(found) if found else np.empty(0, dtype=int)
