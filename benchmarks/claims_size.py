"""Do the nulls hold their size at the networks of the paper's claims? Tested on graphs of their like.

Each surrogate is a draw of `unit_factors` from one network: its units' sizes, its weights' tail, no structure
beyond them. How often it comes out significant under each null is the null's size there, as far as networks
are units' sizes times exchangeable weights. Resumable, lines in runs/benchmarks/claims_size.jsonl. Run alone:
python benchmarks/claims_size.py
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from paper_networks import CONDITIONS, PHASES, load_graph, path_of, wanted

from clusterability import WeightGraph, null_test
from clusterability.ncut import prepare
from clusterability.nulls.model import null_model

NUM_CLUSTERS, NUM_SHUFFLES, NUM_SURROGATES = 12, 19, 10
NULLS = ("layer", "unit_factors", "profile", "residual")
GRAPHS = ("weights", "contribution")
RESULTS = Path("runs/benchmarks/claims_size.jsonl")


def surrogates(graph: WeightGraph, seed: int) -> list[WeightGraph]:
    """Return draws of `unit_factors` from a graph, as graphs."""
    prepared = prepare(graph)
    model, rng = null_model("unit_factors", prepared), np.random.default_rng([seed, 1])
    drawn = [model.draw(rng) for _ in range(NUM_SURROGATES)]
    return [
        WeightGraph.from_matrices([model.layout.half(flat, row).copy() for row in model.layout.forward])
        for flat in drawn
    ]


def tested(graph: WeightGraph, seed: int) -> dict[str, list[float]]:
    """Return the p-values of layered modularity of the surrogates of one graph under each null."""
    p_values: dict[str, list[float]] = defaultdict(list)
    for index, surrogate in enumerate(surrogates(graph, seed)):
        prepared = prepare(surrogate)
        for null in NULLS:
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
    """Test the surrogates of every network whose weights are kept; half a minute each on one core."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    done = {line["network"] for line in read_lines()}
    with RESULTS.open("a") as file:
        for condition, seed, phase in wanted():
            path = path_of(condition, seed, phase)
            if path.stem in done or not (phase == "untrained" or path.exists()):
                continue
            line: dict[str, Any] = {
                "network": path.stem,
                "condition": condition,
                "seed": seed,
                "phase": phase,
            }
            for weighting in GRAPHS:
                line[weighting] = tested(load_graph(condition, seed, phase, weighting), seed)
            file.write(json.dumps(line) + "\n")
            file.flush()
            print(f"{condition}, seed {seed}, {phase}: nulls tested on its surrogates", flush=True)


def table() -> str:
    """Return the shares of surrogates with p <= 0.05 as Markdown."""
    found: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for line in read_lines():
        found[line["condition"], line["phase"]].append(line)
    rows = [
        "### Size of the nulls at these networks\n",
        f"Share with p <= 0.05 of graphs drawn by `unit_factors` from each network ({NUM_SURROGATES} each,",
        f"n in all, {NUM_SHUFFLES} shuffles), layered modularity, k = {NUM_CLUSTERS}; weights /",
        "contributions.\n",
        f"| surrogates of | n | {' | '.join(f'`{null}`' for null in NULLS)} |",
        "|---" * (2 + len(NULLS)) + "|",
    ]
    for phase in PHASES:
        for condition in CONDITIONS:
            lines = found[condition, phase]
            if lines:
                cells = [" / ".join(_share(lines, graph, null) for graph in GRAPHS) for null in NULLS]
                count = sum(len(line["weights"]["layer"]) for line in lines)
                rows.append(f"| {condition}, {phase} | {count} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _share(lines: list[dict], graph: str, null: str) -> str:
    p_values = [p for line in lines for p in line[graph][null]]
    return f"{np.mean(np.array(p_values) <= 0.05):.2f}"


def read_lines() -> list[dict]:
    """Return the lines of all networks simulated."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


if __name__ == "__main__":
    torch.set_num_threads(1)
    simulate_missing()
    print(table())
