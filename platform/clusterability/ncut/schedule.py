"""How long a partition is searched for, by the size of the graph: few slow starts instead of many quick ones.

Found by trying, for n-cut, layered n-cut and layered modularity alike. A slow search ends better than several
quick ones of the same total time; a second start halves the spread between seeds, which null tests need more
than a low mean. On the 266-node networks of `mlp_reg` two starts of 40 sweeps end lower than 15 of 10 sweeps,
in half the time.
"""

HEAT = 0.04
"""First temperature of every search, in the units of its objective; it falls linearly to 0."""
FIRST_SWEEPS = 5
"""Sweeps with more clusters than wanted, before the surplus ones are merged."""
ROUGH_ITERATIONS = 4
"""k-means iterations of a start."""
POWER_STEPS = 3
"""Power steps of the embedding that starts come from."""


def num_starts(num_nodes: int) -> int:
    """Return the number of starts: 400 nodes' worth, up to 20; at least 2 for up to 1,000 nodes, then 1."""
    return max(2 if num_nodes <= 1000 else 1, min(20, 400 // num_nodes))


def num_sweeps(num_nodes: int) -> int:
    """Return the sweeps at falling temperature: 36,000 visits of nodes, but at least 20 and at most 40."""
    return max(20, min(40, 36_000 // num_nodes))


def surplus_clusters(num_clusters: int, num_connected: int) -> int:
    """Return the clusters that a start begins with: half as many again as wanted, at least 4 more."""
    return min(num_connected, max(num_clusters + 4, 3 * num_clusters // 2))
