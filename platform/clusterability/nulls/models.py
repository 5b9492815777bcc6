"""Null models: each draws networks that keep the layers' shapes and destroy something else."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clusterability.errors import GraphError
from clusterability.graph import Block, WeightGraph
from clusterability.ncut.adjacency import Layout, laid_out, make_layout, mirror
from clusterability.nulls.permutation import permuted
from clusterability.nulls.strengths import matched_strengths

KDE_BANDWIDTH = 0.01  # the paper's


@dataclass(frozen=True, kw_only=True, slots=True)
class NullModel:
    """Draws null networks of one graph."""

    layout: Layout
    """How a drawn network's weights are laid out."""
    draw: Callable[[np.random.Generator], np.ndarray]
    """Returns the flat float32 array of one network's |w|."""


DrawBlock = Callable[[Block, np.ndarray, np.ndarray, np.random.Generator], None]
"""Reads a block's observed |w| and writes drawn ones, both (source, target) float32 and contiguous."""


def _permute_all(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    if block.places is None:
        permuted(weights.reshape(-1), _seed(rng), drawn.reshape(-1))
    else:
        _permute_within(block.places, weights, drawn, rng)


def _permute_nonzero(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    _permute_within(weights != 0, weights, drawn, rng)


def _redraw_nonzero(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    """Replace nonzero weights by draws from the Gaussian kernel density of them all.

    A draw from the density is one of the weights plus a Gaussian of the bandwidth's size; signs do not
    matter, for the Gaussian is symmetric.
    """
    nonzero = weights != 0
    values = weights[nonzero]
    chosen = rng.choice(values, size=values.size) if values.size else values
    noise = KDE_BANDWIDTH * rng.standard_normal(values.size, dtype=np.float32)
    drawn[:] = 0
    drawn[nonzero] = np.abs(chosen + noise)


def _permute_all_and_redraw(
    block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    shuffled = np.empty_like(weights)
    _permute_all(block, weights, shuffled, rng)
    _redraw_nonzero(block, shuffled, drawn, rng)


def _permute_and_match_strengths(
    block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    _permute_all(block, weights, drawn, rng)
    drawn[:] = matched_strengths(drawn, weights.sum(axis=1), weights.sum(axis=0))


def _permute_within(
    places: np.ndarray, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    values = weights[places]
    shuffled = np.empty_like(values)
    permuted(values, _seed(rng), shuffled)
    drawn[:] = 0
    drawn[places] = shuffled


def _seed(rng: np.random.Generator) -> np.uint64:
    return rng.integers(2**64, dtype=np.uint64)


def _shuffling(graph: WeightGraph, draw_block: DrawBlock) -> NullModel:
    """Return the null that draws each block from the observed one; identity skips stay."""
    layout, observed = laid_out(graph)

    def draw(rng: np.random.Generator) -> np.ndarray:
        flat = np.empty_like(observed)
        for block, row in zip(graph.blocks, layout.forward, strict=True):
            weights, drawn = layout.half(observed, row), layout.half(flat, row)
            if block.is_skip:
                drawn[:] = weights
            else:
                draw_block(block, weights, drawn, rng)
        mirror(layout, flat)
        return flat

    return NullModel(layout=layout, draw=draw)


def _initialising(graph: WeightGraph) -> NullModel:
    """Return the null of fresh networks: Glorot uniform weights in every place, isolated units included.

    Each weight is uniform up to sqrt(6 / (fan_in + fan_out)), fans counted in weights; an entry of a
    convolution is the norm of a kernel of such weights.
    """
    if graph.weighting != "weights":
        raise GraphError("the null 'initialisation' has no activations, so it needs weighting='weights'")
    pairs = [(block.source, block.target) for block in graph.blocks]
    layout = make_layout(pairs, graph.full_widths)

    def draw(rng: np.random.Generator) -> np.ndarray:
        flat = np.zeros(layout.size, dtype=np.float32)
        for block, row in zip(graph.blocks, layout.forward, strict=True):
            weights = layout.half(flat, row)
            kept = np.ix_(graph.kept[block.source], graph.kept[block.target])
            if block.is_skip:
                weights[kept] = block.matrix
                continue
            drawn = _glorot(weights.shape, block, rng)
            if block.places is None:
                weights[:] = drawn
            else:
                weights[kept] = drawn[kept] * block.places
        mirror(layout, flat)
        return flat

    return NullModel(layout=layout, draw=draw)


def _glorot(shape: tuple[int, ...], block: Block, rng: np.random.Generator) -> np.ndarray:
    limit = np.sqrt(6 / (block.kernel_area * sum(shape)))
    total = np.zeros(shape, dtype=np.float32)
    for _ in range(block.kernel_area):
        entry = rng.random(shape, dtype=np.float32)
        total += entry if block.kernel_norm == "l1" else entry**2
    return np.float32(limit) * (total if block.kernel_norm == "l1" else np.sqrt(total))


NULLS: dict[str, Callable[[WeightGraph], NullModel]] = {
    "layer": lambda graph: _shuffling(graph, _permute_all),
    "layer_nonzero": lambda graph: _shuffling(graph, _permute_nonzero),
    "layer_nonzero_distribution": lambda graph: _shuffling(graph, _redraw_nonzero),
    "layer_all_distribution": lambda graph: _shuffling(graph, _permute_all_and_redraw),
    "layer_degree": lambda graph: _shuffling(graph, _permute_and_match_strengths),
    "initialisation": _initialising,
}
"""Null models by name.

`layer` permutes all weights of each layer (the paper's headline null), `layer_nonzero` the nonzero ones among
their places; `layer_nonzero_distribution` redraws these from their kernel density, `layer_all_distribution`
does so after `layer`; `layer_degree` permutes and then restores every unit's strengths; `initialisation`
draws fresh networks."""
