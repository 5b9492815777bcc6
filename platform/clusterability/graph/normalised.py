"""Weights of the network whose hidden units have been rescaled to incoming weights of one norm."""

from graphlib import TopologicalSorter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from clusterability.errors import GraphError
from clusterability.graph.draft import DraftBlock, DraftGraph


def normalised_weights(draft: DraftGraph) -> list[np.ndarray]:
    """Return each block's weights after every hidden unit has been rescaled to one norm.

    Entry (i, j) is W[i, j] s_i / s_j with s = |incoming weights and bias| / sqrt(2) (L2), from the first
    layers on, so that s_j counts weights that have been multiplied by s_i; s is 1 for inputs and for outputs.
    The network's function stays as it is where what follows a unit is positively homogeneous (f(c x) = c f(x)
    for c > 0, as ReLU is), and the result does not change when a hidden unit's incoming weights and bias are
    multiplied by a positive number and its outgoing weights divided by it. Filan et al. 2021, section on the
    cluster gradient.

    1. A filter's s counts all weights of its kernels. Batch norm is folded first; the shift of one that
       stands behind a nonlinearity does not count as a bias.
    2. Units that an identity skip joins have one s, that of the unit that comes first in the network, since
       scaling one of them alone would change the function; so do the units of an output that it reaches,
       where s is 1. A skip that a batch norm scales is a weight like any other.
    3. A unit without bias that no weight reaches from the inputs or from a unit with a bias has s = 0: it is
       0 for all inputs, and so are its outgoing entries.

    Raises:
        GraphError: a hidden unit with another nonlinearity, or with weights that are not finite; the message
            names the layer.
    """
    _require_homogeneous(draft)
    order = _in_order(draft)
    tied = _tied_units(draft, _live_units(draft, order))
    starts, tie_scale = _starts(draft), np.full(tied.max() + 1, np.nan)
    scales: list[np.ndarray] = [np.ones(layer.width) for layer in draft.layers]
    units = [tied[starts[layer] : starts[layer + 1]] for layer in range(len(scales))]
    for layer, own in enumerate(units):
        if _is_fixed(draft, layer):
            tie_scale[own] = 1
    for layer in order:
        if not _is_fixed(draft, layer):
            known = tie_scale[units[layer]]
            found = np.where(np.isnan(known), _incoming_norms(draft, layer, scales) / np.sqrt(2), known)
            tie_scale[units[layer]] = found
            scales[layer] = tie_scale[units[layer]]  # also where two units of one layer are tied
    return [_rescaled(block, scales[block.source], scales[block.target]) for block in draft.blocks]


def scaled_rows(matrix: np.ndarray, row_scale: np.ndarray | None) -> np.ndarray:
    """Return a matrix with each row times its factor; None: ones."""
    return matrix if row_scale is None else matrix * row_scale[:, None]


def _rescaled(block: DraftBlock, source_scale: np.ndarray, target_scale: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):  # the graph refuses what is not finite
        weights = scaled_rows(block.matrix, block.row_scale) * source_scale[:, None]
        return np.divide(weights, target_scale, out=np.zeros_like(weights), where=target_scale > 0)


def _incoming_norms(draft: DraftGraph, layer: int, scales: list[np.ndarray]) -> np.ndarray:
    """Return the L2 norm of each unit's bias and incoming weights, those times their sources' scales."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = draft.layers[layer].bias ** 2
        for block in draft.blocks:
            if block.target == layer and not block.is_tie:
                lengths = block.matrix if block.lengths is None else block.lengths
                weights = scaled_rows(lengths, block.row_scale) * scales[block.source][:, None]
                squares = squares + (weights**2).sum(axis=0)
    wrong = np.count_nonzero(~np.isfinite(squares))
    if wrong:
        raise GraphError(
            f"layer {draft.layers[layer].name!r}: {wrong} units have weights or biases that are not finite, "
            "or too large to be normalised"
        )
    return np.sqrt(squares)


def _is_fixed(draft: DraftGraph, layer: int) -> bool:
    return draft.layers[layer].kind == "input" or draft.layers[layer].is_output


def _require_homogeneous(draft: DraftGraph) -> None:
    for index, layer in enumerate(draft.layers):
        if layer.unscalable and not _is_fixed(draft, index):
            raise GraphError(
                f"layer {layer.name!r}: got {layer.unscalable} behind it, allowed by weighting 'normalised': "
                "ReLU, LeakyReLU, PReLU, pooling, dropout, flattening, or nothing"
            )


def _in_order(draft: DraftGraph) -> list[int]:
    """Return the layers so that each comes after those that it reads."""
    sorter = TopologicalSorter({layer: set() for layer in range(len(draft.layers))})
    for block in draft.blocks:
        sorter.add(block.target, block.source)
    return list(sorter.static_order())


def _live_units(draft: DraftGraph, order: list[int]) -> list[np.ndarray]:
    """Return for each layer which units can differ from 0: a bias, or a weight from such a unit."""
    live = [
        np.full(layer.width, True) if layer.kind == "input" else layer.bias != 0 for layer in draft.layers
    ]
    for layer in order:
        for block in draft.blocks:
            if block.target == layer:
                weights = scaled_rows(block.matrix, block.row_scale)
                live[layer] = live[layer] | (weights[live[block.source]] != 0).any(axis=0)
    return live


def _starts(draft: DraftGraph) -> np.ndarray:
    """Return the number of each layer's first unit, and the number of all units."""
    return np.cumsum([0, *(layer.width for layer in draft.layers)])


def _tied_units(draft: DraftGraph, live: list[np.ndarray]) -> np.ndarray:
    """Return a number for each unit, shape (units,), the same for those that have one scale.

    A unit that is 0 for all inputs ties nothing: its skip carries 0 whatever its scale.
    """
    starts = _starts(draft)
    ends = [np.empty((2, 0), dtype=int)]
    for block in draft.blocks:
        if block.is_tie:
            source, target = np.nonzero(block.matrix)
            both = live[block.source][source]
            ends.append(np.stack([starts[block.source] + source, starts[block.target] + target])[:, both])
    source, target = np.concatenate(ends, axis=1)
    graph = coo_array((np.ones(len(source)), (source, target)), shape=(starts[-1], starts[-1]))
    return connected_components(graph, directed=False)[1]
