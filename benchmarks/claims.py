"""The paper's claims tested again: by n-cut under `layer`, as in the paper, and by layered modularity.

Resumable: every measured network leaves a line in runs/benchmarks/claims.jsonl, weights are kept by
paper_networks.py, and only what is missing is done. Run alone: python benchmarks/claims.py [--kept]
[--table]; --kept measures only networks whose weights are there, --table measures none.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import claims_planted
import claims_size
import claims_table
import numpy as np
import torch
from paper_networks import kept_accuracy, load_graph, path_of, train_missing, wanted
from sklearn.metrics import adjusted_rand_score

from clusterability import WeightGraph, measure_modularity, measure_ncut, null_test
from clusterability.ncut import Prepared, prepare
from clusterability.nulls.plan import Statistic
from clusterability.nulls.residual import residual_spread
from clusterability.trial.provenance import git_commit

NUM_CLUSTERS, NUM_SHUFFLES = 12, 50
ESTIMATOR_SEEDS = (0, 1, 2)
LAYERED_NULLS = ("layer", "profile", "residual", "unit_factors")
RESULTS = Path("runs/benchmarks/claims.jsonl")

Line = dict[str, Any]


def measured(graph: WeightGraph, seed: int) -> Line:
    """Return partitions and null tests of one graph, in plain values; about ten seconds on one core."""
    prepared = prepare(graph)
    spectral = [
        measure_ncut(prepared, NUM_CLUSTERS, "spectral", seed=estimator) for estimator in ESTIMATOR_SEEDS
    ]
    refined = measure_ncut(prepared, NUM_CLUSTERS, "refined", seed=seed)
    twelve = [measure_modularity(prepared, NUM_CLUSTERS, seed=estimator) for estimator in ESTIMATOR_SEEDS]
    free = [measure_modularity(prepared, None, seed=estimator) for estimator in ESTIMATOR_SEEDS]
    tests = {
        "ncut layer": _tested(prepared, "layer", "ncut", seed, "spectral"),
        "ncut_refined layer": _tested(prepared, "layer", "ncut", seed, "refined"),
    }
    for null in LAYERED_NULLS:
        tests[f"Q {null}"] = _tested(prepared, null, "layered_modularity", seed)
    return {
        "num_nodes": graph.num_nodes,
        "num_isolated": graph.num_isolated,
        "num_components": graph.num_components,
        "ncut_spectral": [result.value for result in spectral],
        "residual_spread": max(residual_spread(abs(block.matrix)) for block in graph.blocks),
        "layer_share": {
            "ncut": _mean([result.layer_share for result in spectral]),
            "ncut_refined": refined.layer_share,
            "Q": _mean([result.layer_share for result in twelve]),
            "Q_free": _mean([result.layer_share for result in free]),
        },
        "stability": {
            "ncut": _agreement([result.labels for result in spectral]),
            "Q": _agreement([result.labels for result in twelve]),
            "Q_free": _agreement([result.labels for result in free]),
        },
        "Q_free": [result.value for result in free],
        "k_free": [result.num_clusters for result in free],
        "tests": tests,
    }


def _tested(
    prepared: Prepared, null: str, statistic: Statistic, seed: int, estimator: str = "refined"
) -> Line:
    test = null_test(
        prepared,
        null=null,
        num_shuffles=NUM_SHUFFLES,
        num_clusters=NUM_CLUSTERS,
        estimator=estimator,
        statistic=statistic,
        seed=seed,
    )
    return {
        "observed": test.observed,
        "null_values": [float(f"{value:.7g}") for value in test.null_values],
        "p": test.p_value,
        "z": test.z_score,
        "status": test.status,
    }


def _agreement(partitions: list[np.ndarray]) -> float:
    """Return the mean adjusted Rand index of all pairs."""
    return _mean([float(adjusted_rand_score(*pair)) for pair in combinations(partitions, 2)])


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def measure_network(condition: str, seed: int, phase: str) -> Line:
    """Return the line of one network: its weight graph and its contribution graph."""
    started, named = time.perf_counter(), (condition, seed, phase)
    weights, contribution = (load_graph(*named, weighting) for weighting in ("weights", "contribution"))
    return {
        "network": path_of(*named).stem,
        "condition": condition,
        "seed": seed,
        "phase": phase,
        "test_accuracy": kept_accuracy(*named),
        "weights": measured(weights, seed),
        "contribution": measured(contribution, seed),
        "commit": git_commit(),
        "seconds": time.perf_counter() - started,
    }


def measure_missing(kept_only: bool = False) -> None:
    """Train and measure what is missing, network by network; `kept_only`: train nothing."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    done = {line["network"] for line in read_lines()}
    with _one_torch_thread(), RESULTS.open("a") as file:
        for condition, seed, phase in wanted():
            path = path_of(condition, seed, phase)
            if path.stem in done:
                continue
            if phase != "untrained" and not kept_only:
                train_missing(condition, seed)
            if phase == "untrained" or path.exists():
                line = measure_network(condition, seed, phase)
                file.write(json.dumps(line) + "\n")
                file.flush()
                print(claims_table.progress(line), flush=True)


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def read_lines() -> list[Line]:
    """Return the lines of all networks measured."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def section() -> str:
    """Do what is missing, two hours on one core if nothing is there, and return a Markdown section."""
    measure_missing()
    claims_size.simulate_missing()
    parts = (claims_table.tables(read_lines()), claims_planted.table(), claims_size.table())
    return "\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", action="store_true", help="train nothing")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if not arguments.table:
        measure_missing(arguments.kept)
    print(claims_table.tables(read_lines()))
