"""The hidden units of a graph's layers, and which of them a cluster has."""

from dataclasses import dataclass

import numpy as np

from clusterability.errors import LesionError
from clusterability.graph import WeightGraph
from clusterability.graph.from_module import TracedModule
from clusterability.graph.unit_values import HiddenLayer


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenUnits:
    """Hidden units numbered layer by layer, those that the graph left out among them."""

    layers: tuple[HiddenLayer, ...]
    """The graph's layers that are neither inputs nor outputs, in its order."""
    of_node: np.ndarray
    """Hidden unit of each of the graph's nodes, shape (nodes,); -1 for inputs and outputs."""

    @property
    def layer_of(self) -> np.ndarray:
        """Hidden layer of each unit, shape (units,)."""
        return np.repeat(np.arange(len(self.layers)), [layer.width for layer in self.layers])

    @property
    def starts(self) -> np.ndarray:
        """Number of each layer's first unit, and the number of units at the end, shape (layers + 1,)."""
        return np.concatenate([[0], np.cumsum([layer.width for layer in self.layers])])

    @property
    def num_units(self) -> int:
        """Hidden units of all layers."""
        return int(self.starts[-1])

    def sets(self, labels: np.ndarray, clusters: np.ndarray) -> np.ndarray:
        """Return the hidden units of each cluster, boolean, shape (clusters, units)."""
        sets = np.zeros((len(clusters), self.num_units), dtype=bool)
        hidden = np.flatnonzero(self.of_node >= 0)
        for row, cluster in enumerate(clusters):
            sets[row, self.of_node[hidden[labels[hidden] == cluster]]] = True
        return sets


def hidden_units(traced: TracedModule, graph: WeightGraph) -> HiddenUnits:
    """Find the hidden units of a module that are nodes of its graph.

    Raises:
        GraphError: the graph is not the module's.
        LesionError: no layer of the graph is hidden, or one is hidden and an output at once.
    """
    layers = traced.hidden_layers(graph.layer_names, graph.full_widths)
    of_node, first = [], 0
    for layer, kept in zip(layers, graph.kept, strict=True):
        of_node.append(np.full(len(kept), -1) if layer is None else first + kept)
        first += 0 if layer is None else layer.width
    if first == 0:
        raise LesionError("the graph has inputs and outputs alone, allowed: one with hidden units to lesion")
    return HiddenUnits(
        layers=tuple(layer for layer in layers if layer is not None), of_node=np.concatenate(of_node)
    )


def checked_labels(labels: object, graph: WeightGraph) -> np.ndarray:
    """Return labels as an array that fits the graph.

    Raises:
        LesionError: not one integer per node, or no node in any cluster.
    """
    array = np.asarray(labels)
    if array.shape != (graph.num_nodes,) or array.dtype.kind not in "iu" or not (array >= 0).any():
        raise LesionError(
            f"labels: got {array.dtype} of shape {array.shape}, allowed: integers of shape "
            f"({graph.num_nodes},), the graph's nodes, -1 for a node of no cluster"
        )
    return array
