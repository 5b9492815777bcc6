"""Do the nulls hold their size at the networks of the paper's claims? Tested on graphs of their like.

Each surrogate is a draw of `unit_factors` from one network: its units' sizes, its weights' tail, no structure
beyond them. How often it comes out significant under each null is the null's size there, as far as networks
are units' sizes times exchangeable weights. Resumable, lines in runs/benchmarks/claims_size.jsonl; a null
added to NULLS later is added to the lines there are. Run alone: python benchmarks/claims_size.py
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from paper_networks import PHASES, load_graph, path_of, wanted
from result_lines import Line, read_lines, write_lines

from clusterability import WeightGraph, null_test
from clusterability.ncut import prepare
from clusterability.nulls.model import null_model

NUM_CLUSTERS, NUM_SHUFFLES, NUM_SURROGATES = 12, 19, 20
TESTED = ("control", "dropout", "L1", "L2")
"""Conditions whose weights are least alike."""
SEED = 0
"""One network of each condition and phase is taken."""
NULLS = ("layer", "unit_factors", "dispersion", "profile", "residual")
GRAPHS = ("weights", "contribution")
RESULTS = Path("runs/benchmarks/claims_size.jsonl")


def surrogates(graph: WeightGraph) -> list[WeightGraph]:
    """Return draws of `unit_factors` from a graph, as graphs."""
    prepared = prepare(graph)
    model, rng = null_model("unit_factors", prepared), np.random.default_rng(SEED)
    drawn = [model.draw(rng) for _ in range(NUM_SURROGATES)]
    return [
        WeightGraph.from_matrices([model.layout.half(flat, row).copy() for row in model.layout.forward])
        for flat in drawn
    ]


def tested(graph: WeightGraph, nulls: Sequence[str]) -> dict[str, list[float]]:
    """Return the p-values of layered modularity of the surrogates of one graph under each of these nulls."""
    p_values: dict[str, list[float]] = defaultdict(list)
    for index, surrogate in enumerate(surrogates(graph)):
        prepared = prepare(surrogate)
        for null in nulls:
            test = null_test(
                prepared,
                null=null,
                num_shuffles=NUM_SHUFFLES,
                num_clusters=NUM_CLUSTERS,
                statistic="layered_modularity",
                seed=index,
            )
            p_values[null].append(test.p_value)
    return dict(p_values)


def simulate_missing() -> None:
    """Test the surrogates of the networks whose weights are kept; a minute each on one core."""
    lines = {line["network"]: line for line in read_lines(RESULTS)}
    for condition, seed, phase in wanted():
        path = path_of(condition, seed, phase)
        is_there = phase == "untrained" or path.exists()
        if seed != SEED or condition not in TESTED or not is_there:
            continue
        identity = {"network": path.stem, "condition": condition, "seed": seed, "phase": phase}
        line: Line = lines.get(path.stem, identity)
        is_complete = True
        for weighting in GRAPHS:
            known = line.get(weighting, {})
            missing = [null for null in NULLS if null not in known]
            if missing:
                graph = load_graph(condition, seed, phase, weighting)
                line[weighting] = known | tested(graph, missing)
                is_complete = False
        if not is_complete:
            lines[path.stem] = line
            write_lines(RESULTS, lines.values())
            print(f"{condition}, {phase}: nulls tested on its surrogates", flush=True)


def table() -> str:
    """Return the shares of surrogates with p <= 0.05 as Markdown."""
    found = {(line["condition"], line["phase"]): line for line in read_lines(RESULTS)}
    rows = [
        "### Size of the nulls at these networks\n",
        f"Share with p <= 0.05 of {NUM_SURROGATES} graphs drawn by `unit_factors` from the network of",
        f"seed {SEED}; {NUM_SHUFFLES} shuffles, k = {NUM_CLUSTERS}, layered modularity; weights /",
        "contributions.\n",
        f"| surrogates of | {' | '.join(f'`{null}`' for null in NULLS)} |",
        "|---" * (1 + len(NULLS)) + "|",
    ]
    for phase in PHASES:
        for condition in TESTED:
            if (condition, phase) in found:
                line = found[condition, phase]
                cells = [" / ".join(_share(line[graph][null]) for graph in GRAPHS) for null in NULLS]
                rows.append(f"| {condition}, {phase} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _share(p_values: list[float]) -> str:
    return f"{np.mean(np.array(p_values) <= 0.05):.2f}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    simulate_missing()
    print(table())
