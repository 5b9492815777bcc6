"""The paper's claims tested again: by n-cut under `layer`, as in the paper, and by layered modularity.

Resumable: every measured network has a line in runs/benchmarks/claims.jsonl, weights are kept by
paper_networks.py, and only what is missing is done; a test added to TESTS later is added to the lines there
are. Run alone: python benchmarks/claims.py [--kept] [--status] [--table]; --kept measures only networks whose
weights are there, --status asks the nulls again what they say of every graph, --table measures none.
"""

import argparse
import time
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import claims_planted
import claims_size
import claims_table
import numpy as np
from paper_networks import kept_accuracy, load_graph, path_of, train_missing, wanted
from result_lines import Line, read_lines, write_lines
from sklearn.metrics import adjusted_rand_score

from clusterability import measure_modularity, measure_ncut
from clusterability.ncut import Prepared, prepare
from clusterability.ncut.one_torch_thread import one_torch_thread
from clusterability.nulls.model import null_model
from clusterability.nulls.plan import NullTestPlan, Statistic
from clusterability.nulls.significance import null_tests, summarise
from clusterability.trial.provenance import git_commit

NUM_CLUSTERS, NUM_SHUFFLES = 12, 50
ESTIMATOR_SEEDS = (0, 1, 2)
LAYERED_NULLS = ("layer", "profile", "residual", "unit_factors", "dispersion")
TESTS: dict[str, tuple[str, Statistic, str]] = {
    "ncut layer": ("layer", "ncut", "spectral"),
    "ncut_refined layer": ("layer", "ncut", "refined"),
    **{f"Q {null}": (null, "layered_modularity", "refined") for null in LAYERED_NULLS},
}
"""Null, statistic, and the estimator of n-cuts."""
RESULTS = Path("runs/benchmarks/claims.jsonl")


def partitioned(prepared: Prepared, seed: int) -> Line:
    """Return what is found in one graph, in plain values."""
    graph = prepared.graph
    spectral = [
        measure_ncut(prepared, NUM_CLUSTERS, "spectral", seed=estimator) for estimator in ESTIMATOR_SEEDS
    ]
    refined = measure_ncut(prepared, NUM_CLUSTERS, "refined", seed=seed)
    twelve = [measure_modularity(prepared, NUM_CLUSTERS, seed=estimator) for estimator in ESTIMATOR_SEEDS]
    free = [measure_modularity(prepared, None, seed=estimator) for estimator in ESTIMATOR_SEEDS]
    return {
        "num_nodes": graph.num_nodes,
        "num_isolated": graph.num_isolated,
        "num_components": graph.num_components,
        "ncut_spectral": [result.value for result in spectral],
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
    }


def tested(prepared: Prepared, seed: int, known: Mapping[str, Line]) -> dict[str, Line]:
    """Return all tests of one graph; of known ones only the status is found again, as nulls give it today."""
    tests = {}
    for name, (null, statistic, estimator) in TESTS.items():
        plan = NullTestPlan(
            num_shuffles=NUM_SHUFFLES,
            num_clusters=NUM_CLUSTERS,
            estimator=estimator,
            statistic=statistic,
            seed=seed,
        )
        if name in known:
            values = np.array(known[name]["null_values"])
            limits = null_model(null, prepared).limits(statistic)
            status = summarise(null, known[name]["observed"], values, plan, limits).status
            tests[name] = {**known[name], "status": status}
        else:
            (test,) = null_tests(prepared, (null,), plan)
            tests[name] = {
                "observed": test.observed,
                "null_values": [float(f"{value:.7g}") for value in test.null_values],
                "p": test.p_value,
                "z": test.z_score,
                "status": test.status,
            }
    return tests


def _agreement(partitions: list[np.ndarray]) -> float:
    """Return the mean adjusted Rand index of all pairs."""
    return _mean([float(adjusted_rand_score(*pair)) for pair in combinations(partitions, 2)])


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def measured_network(condition: str, seed: int, phase: str, known: Line) -> Line:
    """Return the line of one network with what it lacks: its weight graph and its contribution graph."""
    started, named = time.perf_counter(), (condition, seed, phase)
    line = {
        "network": path_of(*named).stem,
        "condition": condition,
        "seed": seed,
        "phase": phase,
        "test_accuracy": kept_accuracy(*named),
        "commit": git_commit(),
        **known,
        "completed": git_commit(),
    }
    for weighting in claims_table.GRAPHS:
        prepared = prepare(load_graph(*named, weighting))
        found = line.get(weighting) or {**partitioned(prepared, seed), "tests": {}}
        line[weighting] = {**found, "tests": tested(prepared, seed, found["tests"])}
    line["seconds"] = known.get("seconds", 0) + time.perf_counter() - started
    return line


def measure_missing(kept_only: bool = False, renew_status: bool = False) -> None:
    """Train and measure what is missing, network by network; `kept_only`: train nothing."""
    lines = {line["network"]: line for line in read_lines(RESULTS)}
    with one_torch_thread():
        for condition, seed, phase in wanted():
            path = path_of(condition, seed, phase)
            known = lines.get(path.stem, {})
            if known and not renew_status and not _lacks_tests(known):
                continue
            if phase != "untrained" and not kept_only:
                train_missing(condition, seed)
            if phase == "untrained" or path.exists():
                line = lines[path.stem] = measured_network(condition, seed, phase, known)
                write_lines(RESULTS, lines.values())
                print(claims_table.progress(line), flush=True)


def _lacks_tests(line: Line) -> bool:
    return any(TESTS.keys() - line[weighting]["tests"].keys() for weighting in claims_table.GRAPHS)


def section() -> str:
    """Do what is missing, two hours on one core if nothing is there, and return a Markdown section."""
    measure_missing()
    claims_size.simulate_missing()
    parts = (claims_table.tables(read_lines(RESULTS)), claims_planted.table(), claims_size.table())
    return "\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", action="store_true", help="train nothing")
    parser.add_argument("--status", action="store_true", help="ask nulls again what they say of each graph")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if not arguments.table:
        measure_missing(arguments.kept, arguments.status)
    print(claims_table.tables(read_lines(RESULTS)))
