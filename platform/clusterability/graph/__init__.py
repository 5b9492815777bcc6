"""Weight graphs: one node per unit, one undirected edge per weight."""

from clusterability.graph.block import Block
from clusterability.graph.weight_graph import WeightGraph

__all__ = ["Block", "WeightGraph"]
