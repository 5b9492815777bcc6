"""Planted modules found again: by spectral and refined n-cut, by layered modularity with k given and free."""

import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from clusterability.graph import Block, WeightGraph
from clusterability.ncut import prepare
from clusterability.ncut.layered import layered_values, layered_weights
from clusterability.ncut.layered_partition import MOST_CLUSTERS, layered_partition, modularity_curve
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import partition_ncut
from clusterability.ncut.prepared import find_labels

NUM_MODULES, NUM_SEEDS = 10, 5
DOWNS = (1.0, 0.8, 0.6, 0.4, 0.2)
NETWORKS = {
    "784-256x4-10": ((784, 256, 256, 256, 256, 10), 1),
    "CNN 64-64-64, 3x3": ((64, 64, 64, 64), 9),
}
"""Widths, and weights behind each edge: an edge of a convolution is the L1 norm of a kernel."""


def planted(name: str, down: float, seed: int) -> tuple[WeightGraph, np.ndarray]:
    """Return a graph and its units' modules: weights within modules x (1 + (1 - d) 9), others x d."""
    widths, kernel_area = NETWORKS[name]
    rng = np.random.default_rng(seed)
    modules = [rng.integers(NUM_MODULES, size=width) for width in widths]
    if widths[-1] == NUM_MODULES:
        modules[-1] = np.arange(NUM_MODULES)
    blocks = []
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        kernels = np.abs(rng.standard_normal((kernel_area, fan_in, fan_out))).sum(axis=0)
        same = modules[layer][:, None] == modules[layer + 1]
        factors = np.where(same, 1 + (1 - down) * (NUM_MODULES - 1), down)
        scale = np.sqrt(2 / (kernel_area * (fan_in + fan_out)))
        matrix = scale * kernels * factors
        blocks.append(Block(source=layer, target=layer + 1, matrix=matrix, kernel_area=kernel_area))
    return WeightGraph.from_blocks(blocks, widths), np.concatenate(modules)


def measured(graph: WeightGraph, truth: np.ndarray, seed: int) -> dict[str, float]:
    """Return n-cuts, agreements with the truth (ARI) and the number of clusters found for one graph."""
    prepared = prepare(graph)
    layout, flat = prepared.layout, prepared.flat
    adjacency = NormalisedAdjacency(layout=layout, flat=flat)
    weights = layered_weights(layout, flat)
    planted_labels = truth.astype(np.int32)

    def agreement(labels: np.ndarray) -> float:
        return float(adjusted_rand_score(truth, labels))

    def ncut(labels: np.ndarray) -> float:
        return partition_ncut(adjacency, labels, NUM_MODULES)

    spectral, refined = (
        find_labels(adjacency, NUM_MODULES, name, np.random.default_rng(seed), prepared.eigenvectors)
        for name in ("spectral", "refined")
    )
    layered, modularity = (
        layered_partition(layout, weights, NUM_MODULES, objective, np.random.default_rng(seed))
        for objective in ("layered_ncut", "layered_modularity")
    )
    curve = modularity_curve(layout, weights, MOST_CLUSTERS, np.random.default_rng(seed))
    return {
        "n-cut planted": ncut(planted_labels),
        "spectral": ncut(spectral),
        "refined": ncut(refined),
        "ARI spectral": agreement(spectral),
        "ARI refined": agreement(refined),
        "ARI layered n-cut": agreement(layered),
        "ARI modularity": agreement(modularity),
        "ARI, k free": agreement(curve.labels),
        "Q planted": layered_values(weights, planted_labels, NUM_MODULES)[1],
        "Q": layered_values(weights, modularity, NUM_MODULES)[1],
        "k found": curve.num_clusters,
    }


def section(say: Callable[[str], None] = lambda line: print(line, flush=True)) -> str:
    """Measure all graphs, about a minute, and return a Markdown section."""
    lines = [
        "## Recovery of planted modules",
        "",
        f"Ten modules, k = {NUM_MODULES}; mean ± standard deviation over {NUM_SEEDS} graphs; d = 1: none.",
        f"Largest k tried where it is free: {MOST_CLUSTERS}.",
        "",
    ]
    rows, above = [], []
    with threadpool_limits(1, "blas"):
        for name in NETWORKS:
            for down in DOWNS:
                graphs = [measured(*planted(name, down, seed), seed) for seed in range(NUM_SEEDS)]
                above += [graph for graph in graphs if graph["refined"] > graph["spectral"] + 1e-9]
                rows.append(
                    f"| {name} | {down} | " + " | ".join(_cell(graphs, key) for key in graphs[0]) + " |"
                )
                say(rows[-1])
    columns = list(graphs[0])
    lines += [
        f"| network | d | {' | '.join(columns)} |",
        "|---" * (2 + len(columns)) + "|",
        *rows,
        "",
        f"refined above spectral: {len(above)} of {len(rows) * NUM_SEEDS} graphs.",
    ]
    return "\n".join(lines) + "\n"


def _cell(graphs: list[dict[str, float]], key: str) -> str:
    values = [graph[key] for graph in graphs]
    if key == "k found":
        return ", ".join(map(str, values))
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


if __name__ == "__main__":
    print(section())
