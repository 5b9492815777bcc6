"""The null of networks that were never trained."""

import numpy as np

from clusterability.errors import GraphError
from clusterability.graph import Block
from clusterability.ncut import Prepared
from clusterability.ncut.adjacency import make_layout, mirror
from clusterability.nulls.model import NullModel


class Initialisation:
    """Draws Glorot uniform weights in every place, isolated units included.

    Each weight is uniform up to sqrt(6 / (fan_in + fan_out)), fans counted in weights; an entry of a
    convolution is the norm of a kernel of such weights.
    """

    def model(self, prepared: Prepared) -> NullModel:
        """See Null.

        Raises:
            GraphError: the graph is not one of plain weights.
        """
        graph = prepared.graph
        if graph.weighting != "weights":
            raise GraphError("the null 'initialisation' draws plain weights, so it needs weighting='weights'")
        layout = make_layout([(block.source, block.target) for block in graph.blocks], graph.full_widths)

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


initialisation = Initialisation()
"""Keeps the layers' shapes, destroys everything else."""
