"""Records of the sweeps behind docs/what-clusters-do.md, gathered by condition, and numbers out of them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from clusterability.config import TrialConfig
from clusterability.ledger import Ledger
from clusterability.record import TrialRecord
from clusterability.spaces.catalogue import load_space
from clusterability.tracking import RUNS_FOLDER
from clusterability_analysis.labels import format_number, format_spread

Groups = Mapping[str, Sequence[TrialRecord]]
"""Records of each condition, seeds ascending, conditions in the order of NAMES."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """A space and what is changed of it."""

    space: str
    overrides: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the sweep is kept."""
        space = load_space(self.space, self.overrides)
        return Path(RUNS_FOLDER) / f"{space.name}-{space.fingerprint}"


CLUSTERS = {
    "MNIST": Sweep(space="clusters_mnist"),
    "Fashion-MNIST": Sweep(space="clusters_mnist", overrides=("dataset.name=fashion_mnist",)),
}
CURVES = Sweep(space="curves_mnist")
TWINS = Sweep(space="twins_mnist")
SWEEPS = (*CLUSTERS.values(), CURVES, TWINS)

NAMES: Mapping[str, Callable[[TrialConfig], bool]] = {
    "control": lambda config: not _factors(config) and not _is_changed(config),
    "clusterable initialisation": lambda config: config.model.initialisation == "clusterable",
    "L1": lambda config: "l1" in _factors(config),
    "dropout": lambda config: config.model.dropout > 0,
    "penalty on weights": lambda config: _penalised_edges(config) == "weights",
    "penalty on contributions": lambda config: _penalised_edges(config) == "contribution",
    "intra-cluster share": lambda config: "intra_cluster" in _factors(config),
    "locality": lambda config: "locality" in _factors(config),
    "cut, m = 2": lambda config: config.model.cut == 2,
    "cut, m = 5": lambda config: config.model.cut == 5,
    "cut, m = 10": lambda config: config.model.cut == 10,
}
"""What each condition is called."""


def _factors(config: TrialConfig) -> set[str]:
    return {name for name, settings in config.penalties.items() if settings.get("weight", 0) > 0}


def _is_changed(config: TrialConfig) -> bool:
    model = config.model
    return model.initialisation == "clusterable" or model.dropout > 0 or model.cut is not None


def _penalised_edges(config: TrialConfig) -> str | None:
    settings = config.penalties.get("clusterability", {})
    return settings.get("edges", "weights") if settings.get("weight", 0) > 0 else None


def name_of(config: TrialConfig) -> str:
    """Return what the condition of a trial is called; the labels' permutation is left out."""
    (found,) = [name for name, is_it in NAMES.items() if is_it(config)]
    return found


def groups_of(sweep: Sweep) -> Groups:
    """Return the complete trials of a sweep by condition; twins have ", permuted" behind the name."""
    found: dict[str, list[TrialRecord]] = defaultdict(list)
    for record in Ledger(folder=sweep.folder).records():
        if record.state == "complete":
            permuted = ", permuted" if record.config.dataset.permuted_labels else ""
            found[name_of(record.config) + permuted].append(record)
    names = [name + permuted for name in NAMES for permuted in ("", ", permuted")]
    return {name: sorted(found[name], key=_seed) for name in names if name in found}


def _seed(record: TrialRecord) -> int:
    return record.config.seed


def metric(records: Sequence[TrialRecord], name: str) -> list[float]:
    """Return a metric of each record that has it."""
    return [record.metrics[name] for record in records if name in record.metrics]


def spread(values: Sequence[float] | np.ndarray, decimals: int) -> str:
    """Write mean ± sd (ddof 1) of the values; a dash where there are none."""
    if not len(values):
        return "–"
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return format_spread(float(np.mean(values)), sd, decimals)


def paired_difference(
    records: Sequence[TrialRecord], control: Sequence[TrialRecord], name: str
) -> tuple[float, float | None] | None:
    """Return the mean difference from the control, paired by seed, and half of its 95 % interval.

    The half width is t_{0.975, n - 1} sd / sqrt(n), None for one pair; None as a whole where there is none.
    """
    of_control = {record.config.seed: record.metrics.get(name) for record in control}
    pairs = [(record.metrics.get(name), of_control.get(record.config.seed)) for record in records]
    differences = [ours - theirs for ours, theirs in pairs if ours is not None and theirs is not None]
    n = len(differences)
    if n == 0:
        return None
    if n == 1:
        return differences[0], None
    half = float(stats.t.ppf(0.975, n - 1) * np.std(differences, ddof=1) / np.sqrt(n))
    return float(np.mean(differences)), half


def difference_cell(found: tuple[float, float | None] | None, decimals: int, scale: float = 1.0) -> str:
    """Write a difference with its sign and its interval."""
    if found is None:
        return "–"
    mean, half = found
    written = ("+" if mean > 0 else "") + format_number(scale * mean, decimals)
    if half is None:
        return written
    low, high = (format_number(scale * (mean + sign * half), decimals) for sign in (-1, 1))
    return f"{written} [{low}, {high}]"


def probability_cell(values: Sequence[float], floors: Sequence[float]) -> str:
    """Write the largest p of the seeds; a star where all are at their floors."""
    if not len(values):
        return "–"
    return f"{max(values):.2f}{'*' if np.allclose(values, floors) else ''}"


def commits(groups: Groups) -> str:
    """Return the commits of the code that made the records, first nine digits."""
    found = {
        record.provenance.get("git_commit", "unknown")[:9]
        for records in groups.values()
        for record in records
    }
    return ", ".join(sorted(found))


def lesions_of(record: TrialRecord, partition: str) -> Mapping[str, Any] | None:
    """Return the lesions of the clusters of a partition; None where they could not be measured."""
    return record.lesions.get(partition)
