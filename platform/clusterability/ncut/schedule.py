"""How long a partition is searched for, by the size of the graph: many short starts, or one long one.

Found by trying, for n-cut, layered n-cut and layered modularity alike: one slow search ends better than
several quick ones of the same total time, in all but the smallest graphs. On the 266-node networks of
`mlp_reg` one start of 80 sweeps ends lower than 15 starts of 10 sweeps, in half the time.
"""

HEAT = 0.06
"""First temperature of every search, in the units of its objective; it falls linearly to 0."""
FIRST_SWEEPS = 5
"""Sweeps with more clusters than wanted, before the surplus ones are merged."""
ROUGH_ITERATIONS = 4
"""k-means iterations of a start."""
POWER_STEPS = 3
"""Power steps of the embedding that starts come from."""


def num_starts(num_nodes: int) -> int:
    """Return the number of starts: as many as make up 400 nodes, at least 1 and at most 20."""
    return max(1, min(20, 400 // num_nodes))


def num_sweeps(num_nodes: int) -> int:
    """Return the sweeps at falling temperature: 21,000 visits of nodes, but at least 16 and at most 80."""
    return max(16, min(80, 21_000 // num_nodes))


def surplus_clusters(num_clusters: int, num_connected: int) -> int:
    """Return the clusters that a start begins with: half as many again as wanted, at least 4 more."""
    return min(num_connected, max(num_clusters + 4, 3 * num_clusters // 2))
