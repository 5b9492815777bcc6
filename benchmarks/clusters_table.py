"""Tables of docs/what-clusters-do.md and docs/controls.md, from records alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np
from clusters_records import (
    Groups,
    difference_cell,
    lesions_of,
    metric,
    paired_difference,
    probability_cell,
    spread,
)

from clusterability.record import TrialRecord
from clusterability_analysis.labels import format_number

LAYERED, NCUT = "layered_modularity_contribution", "ncut_contribution"
SUFFIXES = {LAYERED: "", NCUT: "_ncut"}
LEVEL = 0.05

T = TypeVar("T")
Cell = Callable[[Sequence[TrialRecord]], str]


def table(groups: Mapping[str, Sequence[T]], columns: Mapping[str, Callable[[Sequence[T]], str]]) -> str:
    """Return a Markdown table with a row for each condition."""
    rows = [f"| condition | n | {' | '.join(columns)} |", "|---" * (2 + len(columns)) + "|"]
    for name, records in groups.items():
        cells = " | ".join(cell(records) for cell in columns.values())
        rows.append(f"| {name} | {len(records)} | {cells} |")
    return "\n".join(rows)


def of(name: str, decimals: int) -> Cell:
    """Return the cell of a metric: mean ± sd over seeds."""
    return lambda records: spread(metric(records, name), decimals)


def structure(groups: Groups) -> str:
    """Return n-cuts and layered modularity, with their nulls."""
    return table(
        groups,
        {
            "test accuracy": of("test_accuracy", 3),
            "n-cut": of("ncut", 2),
            "`layer`": of("null_mean", 2),
            "contribution n-cut": of("ncut_contribution", 2),
            "`layer` ": of("null_mean_contribution", 2),
            "p": _p("contribution"),
            "Q": of("layered_modularity_contribution", 3),
            "clusters": of("layered_clusters_contribution", 1),
            "Q, k = 12": of("layered_modularity_at_k_contribution", 3),
            "`dispersion`": of("layered_modularity_null_mean_contribution", 3),
            "p ": _p("contribution_layered_modularity"),
            "status": _status("contribution_layered_modularity"),
        },
    )


def _p(test: str) -> Cell:
    def cell(records: Sequence[TrialRecord]) -> str:
        tests = [record.null_tests[test] for record in records if test in record.null_tests]
        floors = [1 / (1 + len(found.null_values)) for found in tests]
        return probability_cell([found.p_value for found in tests], floors)

    return cell


def _status(test: str) -> Cell:
    """Return the first words of the tests' statuses, such as "undecided"; in how many of them if not all."""

    def cell(records: Sequence[TrialRecord]) -> str:
        tests = [record.null_tests[test] for record in records if test in record.null_tests]
        words = Counter(found.status.partition(":")[0] for found in tests)
        if len(words) == 1:
            return next(iter(words))
        return ", ".join(f"{word} {count} of {len(tests)}" for word, count in words.items())

    return cell


def function(groups: Groups, partition: str) -> str:
    """Return what the clusters of a partition do, by their lesions."""
    suffix = SUFFIXES[partition]
    return table(
        groups,
        {
            "clusters": _number(partition, len, 1),
            "of hidden units": _number(partition, _num_hidden, 1),
            "functional": of(f"functional_clusters{suffix}", 1),
            "without effect": of(f"clusters_without_effect{suffix}", 1),
            "hurt more than random units": _number(partition, _num_worse, 1),
            "largest effect": of(f"largest_effect{suffix}", 2),
            "its band": lambda records: _band(records, partition),
            "class information": _summary(partition, "class_mutual_information", "value", 2),
            "excess": _summary(partition, "class_mutual_information", "excess", 2),
            "p": _summary_p(partition, "class_mutual_information"),
            "causal gap": _summary(partition, "causal_gap", "value", 2),
            "excess ": _summary(partition, "causal_gap", "excess", 2),
            "p ": _summary_p(partition, "causal_gap"),
        },
    )


def _number(partition: str, count: Callable[[Sequence[dict]], float], decimals: int) -> Cell:
    def cell(records: Sequence[TrialRecord]) -> str:
        found = [lesions_of(record, partition) for record in records]
        return spread([count(lesions["clusters"]) for lesions in found if lesions], decimals)

    return cell


def _num_hidden(clusters: Sequence[dict]) -> int:
    return sum(cluster["num_units"] > 0 for cluster in clusters)


def _num_worse(clusters: Sequence[dict]) -> int:
    return sum(cluster["p_value"] <= LEVEL for cluster in clusters)


def _band(records: Sequence[TrialRecord], partition: str) -> str:
    """Return the band of random sets for the cluster of the largest effect, mean over seeds of both ends."""
    bands = []
    for record in records:
        lesions = lesions_of(record, partition)
        if lesions and lesions["clusters"]:
            largest = max(lesions["clusters"], key=lambda cluster: cluster["loss_increase"])
            bands.append(largest["band"])
    if not bands:
        return "–"
    low, high = np.mean(bands, axis=0)
    return f"{format_number(low, 2)} to {format_number(high, 2)}"


def _summary(partition: str, name: str, field: str, decimals: int) -> Cell:
    def cell(records: Sequence[TrialRecord]) -> str:
        return spread([found[field] for found in _summaries(records, partition, name)], decimals)

    return cell


def _summary_p(partition: str, name: str) -> Cell:
    def cell(records: Sequence[TrialRecord]) -> str:
        found = _summaries(records, partition, name)
        floors = [1 / (1 + record.config.lesions.num_random) for record in records[: len(found)]]
        return probability_cell([item["p_value"] for item in found], floors)

    return cell


def _summaries(records: Sequence[TrialRecord], partition: str, name: str) -> list[dict]:
    found = [lesions_of(record, partition) for record in records]
    return [lesions[name] for lesions in found if lesions and lesions[name] is not None]


DIFFERENCES = {
    "test accuracy, points": ("test_accuracy", 1, 100.0),
    "n-cut": ("ncut", 2, 1.0),
    "contribution n-cut": (NCUT, 2, 1.0),
    "Q": (LAYERED, 3, 1.0),
    "functional clusters": ("functional_clusters", 1, 1.0),
    "without effect": ("clusters_without_effect", 1, 1.0),
    "class information, excess": ("class_mutual_information", 2, 1.0),
    "causal gap": ("causal_gap", 2, 1.0),
}


def differences(groups: Groups) -> str:
    """Return every condition less the control, paired by seed, with 95 % intervals."""

    def column(name: str, decimals: int, scale: float) -> Cell:
        return lambda records: difference_cell(
            paired_difference(records, groups["control"], name), decimals, scale
        )

    others = {name: records for name, records in groups.items() if name != "control"}
    return table(others, {title: column(*settings) for title, settings in DIFFERENCES.items()})


def twins(groups: Groups) -> str:
    """Return conditions and their twins on permuted labels."""
    columns: dict[str, Cell] = {
        "epochs": _epochs,
        "training loss": of("train_loss", 3),
        "test accuracy": of("test_accuracy", 3),
        "n-cut": of("ncut", 2),
        "contribution n-cut": of("ncut_contribution", 2),
        "contribution layered modularity": of("layered_modularity_contribution", 3),
        "functional clusters": of("functional_clusters", 1),
        "clusters": of("layered_clusters_contribution", 1),
    }
    return table(groups, columns)


def twin_excess(groups: Groups) -> str:
    """Return conditions less their twins, paired by seed, with 95 % intervals."""
    names = {
        "n-cut": ("ncut", 2),
        "contribution n-cut": ("ncut_contribution", 2),
        "contribution layered modularity": ("layered_modularity_contribution", 3),
        "functional clusters": ("functional_clusters", 1),
    }

    def column(name: str, decimals: int) -> Cell:
        def cell(records: Sequence[TrialRecord]) -> str:
            twin = groups[twin_of[id(records)]]
            return difference_cell(paired_difference(records, twin, name), decimals)

        return cell

    true = {name: records for name, records in groups.items() if f"{name}, permuted" in groups}
    twin_of = {id(records): f"{name}, permuted" for name, records in true.items()}
    return table(true, {title: column(*settings) for title, settings in names.items()})


def _epochs(records: Sequence[TrialRecord]) -> str:
    found = metric(records, "epochs_trained")
    return f"{min(found):.0f} to {max(found):.0f}"


def seconds(datasets: Mapping[str, Groups]) -> str:
    """Return wall-clock seconds of training and of measuring, by data set and condition."""
    columns: dict[str, Callable[[str], str]] = {}
    for dataset in datasets:
        for title, name in (("training", "seconds_training"), ("measuring", "seconds_measuring")):
            columns[f"{dataset}: {title}"] = _seconds(datasets[dataset], name)
    merged = dict.fromkeys(chain.from_iterable(datasets.values()))
    rows = [f"| condition | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    rows += [f"| {name} | {' | '.join(cell(name) for cell in columns.values())} |" for name in merged]
    return "\n".join(rows)


def _seconds(groups: Groups, name: str) -> Callable[[str], str]:
    return lambda condition: spread(metric(groups.get(condition, ()), name), 0)
