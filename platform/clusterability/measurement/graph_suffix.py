"""How the names of a graph's metrics end."""

GRAPH_SUFFIXES = {"weights": "", "contribution": "_contribution"}
"""By graph: "ncut" and "null_mean" of the weights are "ncut_contribution", "null_mean_contribution" there."""
