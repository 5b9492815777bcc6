"""Graphs of thousands of nodes stay within memory: each is measured in a process of its own."""

import subprocess
import sys

import pytest

MEASURE = """
import resource, sys
import numpy as np
from itertools import pairwise
from clusterability import WeightGraph, measure_ncut, null_test

widths = [int(width) for width in sys.argv[1].split(",")]
rng = np.random.default_rng(0)
graph = WeightGraph.from_matrices(
    [rng.standard_normal(pair, dtype=np.float32) for pair in pairwise(widths)]
)
for estimator in ("spectral", "refined"):
    result = measure_ncut(graph, 12, estimator)
    assert result.lower_bound <= result.value < 12, (estimator, result.value)
test = null_test(graph, num_shuffles=2, num_clusters=12)
assert len(test.null_values) == 2
print(graph.num_nodes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
VGG16 = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
WIDE_MLP = (784, 4096, 4096, 4096, 4096, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("widths", "gigabytes"),
    [pytest.param(VGG16, 1, id="VGG-16"), pytest.param(WIDE_MLP, 4, id="MLP of 4 x 4,096")],
)
def test_peak_memory_of_a_large_graph(widths, gigabytes):
    arguments = [sys.executable, "-c", MEASURE, ",".join(map(str, widths))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    nodes, kilobytes = map(int, done.stdout.split())
    print(f"{nodes} nodes: {kilobytes / 1e6:.2f} GB")
    assert nodes == sum(widths)
    assert kilobytes / 1e6 < gigabytes
