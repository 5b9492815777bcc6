"""Weight graphs: one node per unit, one undirected edge per weight."""

from clusterability.graph.weight_graph import Block, WeightGraph

__all__ = ["Block", "WeightGraph"]
