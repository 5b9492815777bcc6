"""Null networks without the units that lie on no path from inputs to outputs."""

import numpy as np

from clusterability.graph.dangling import units_on_paths
from clusterability.ncut.adjacency import Layout, mirror


def leave_out_dangling(layout: Layout, flat: np.ndarray) -> None:
    """Set, in place, all weights of units on no path from inputs to outputs to zero.

    So what the observed graph was made without is left out of a null network as well, as isolated units are.
    """
    ends = [
        (source, target, layout.half(flat, row))
        for (source, target), row in zip(layout.pairs, layout.forward, strict=True)
    ]
    kept = units_on_paths(ends, np.diff(layout.starts).tolist())
    for source, target, weights in ends:
        weights[~kept[source]] = 0
        weights[:, ~kept[target]] = 0
    mirror(layout, flat)
