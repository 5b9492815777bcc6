"""Layered measures of 20,000 nodes stay within memory: measured in a process of its own."""

import subprocess
import sys

import pytest

MEASURE = """
import resource
from itertools import pairwise
import numpy as np
from clusterability import WeightGraph
from clusterability.ncut import prepare
from clusterability.ncut.layered import layered_values, layered_weights
from clusterability.ncut.layered_partition import layered_partition, modularity_curve

rng = np.random.default_rng(0)
widths = (784, 4802, 4802, 4802, 4802, 10)
graph = WeightGraph.from_matrices(
    [rng.standard_normal(pair, dtype=np.float32) for pair in pairwise(widths)]
)
prepared = prepare(graph)
layout, flat = prepared.layout, prepared.flat
weights = layered_weights(layout, flat)
labels = layered_partition(layout, weights, 12, "layered_ncut", rng)
assert 11 < layered_values(weights, labels, 12)[0] < 12
curve = modularity_curve(layout, weights, 4, rng)
assert 0 < curve.value < 0.1
print(graph.num_nodes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_peak_memory_of_20_000_nodes():
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    nodes, kilobytes = map(int, done.stdout.split())
    print(f"{nodes} nodes: {kilobytes / 1e6:.2f} GB")
    assert nodes == 20_002
    assert kilobytes / 1e6 < 4
