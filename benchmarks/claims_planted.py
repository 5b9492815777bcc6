"""Are the modules of clusterably initialised networks, after training and pruning, those that were planted?

A few seconds from the weights that paper_networks.py keeps. Run alone: python benchmarks/claims_planted.py
"""

import numpy as np
from paper_networks import PHASES, SEEDS, config_of, load_graph, path_of
from sklearn.metrics import adjusted_rand_score

from clusterability import WeightGraph, measure_modularity
from clusterability.seeds import generator

CONDITION = "clusterable init"
GRAPHS = ("weights", "contribution")


def agreement(graph: WeightGraph, seed: int) -> float:
    """Return the ARI of the hidden units' clusters by layered modularity with their modules, as many."""
    model = config_of(CONDITION, seed).model
    planted = np.concatenate(
        [  # the streams that `make_clusterable` draws from; the graph's layer 0 is the pixels
            generator(seed, "modules", layer).integers(model.num_modules, size=width)[graph.kept[layer + 1]]
            for layer, width in enumerate(model.widths)
        ]
    )
    labels = measure_modularity(graph, model.num_modules, seed=0).labels
    is_hidden = (graph.layer_of > 0) & (graph.layer_of <= len(model.widths))
    return float(adjusted_rand_score(planted, labels[is_hidden]))


def table() -> str:
    """Return the agreement of every network whose weights are kept, as Markdown."""
    rows = [
        "### Planted modules after training\n",
        "ARI of the hidden units' clusters (layered modularity, k = 10) with the modules of the clusterable",
        "initialisation, by seed.\n",
        f"| network | {' | '.join(GRAPHS)} |",
        "|---" * (1 + len(GRAPHS)) + "|",
    ]
    for phase in PHASES:
        seeds = [seed for seed in SEEDS if phase == "untrained" or path_of(CONDITION, seed, phase).exists()]
        cells = [
            ", ".join(f"{agreement(load_graph(CONDITION, seed, phase, graph), seed):.3f}" for seed in seeds)
            for graph in GRAPHS
        ]
        rows.append(f"| {CONDITION}, {phase} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table())
