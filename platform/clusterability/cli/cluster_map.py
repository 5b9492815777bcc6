"""Where each cluster's units are, and what they matter: rows of clusters, columns of layers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterability.cli.module_measurement import MODULARITY, ModuleMeasurement
from clusterability.graph import WeightGraph
from clusterability.lesions import ClusterLesion

LEFT_OUT = -1
"""The row of units that are not in the graph."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MapRow:
    """One cluster, or the units that are in none."""

    cluster: int
    """Its label, or `LEFT_OUT`."""
    text: str
    """What its lesion does, or its share of the volume."""
    strengths: tuple[np.ndarray, ...]
    """For each layer, of each of its units there, descending: how large its dot is, from 0 to 1."""

    def num_units(self, layer: int) -> int:
        """Return how many units it has in a layer."""
        return len(self.strengths[layer])


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterMap:
    """What is drawn of a module's clusters."""

    layers: tuple[tuple[str, int], ...]
    """Name of each layer and number of its units."""
    rows: tuple[MapRow, ...]
    """Clusters in the order of their effects or volumes, the largest first; then units left out."""
    heading: tuple[str, str]
    """What network it is, and how clustered."""
    size_means: str
    """What a dot's size stands for."""


def cluster_map(measured: ModuleMeasurement) -> ClusterMap:
    """Return the clusters of highest layered modularity, on contributions where they were measured.

    All units of a cluster are as large as the rise of the loss under its lesion; where nothing was lesioned,
    each unit is as large as the sum of its edges' weights beside the largest of its layer.
    """
    shown = measured.shown
    graph, labels = shown.graph, shown.modularity.labels
    degrees = np.asarray(graph.adjacency().sum(axis=1)).ravel()
    test = measured.lesions.get(MODULARITY)
    if test is None:
        volumes = np.bincount(labels, weights=degrees)
        order = np.argsort(-volumes, kind="stable")
        texts = {
            cluster: f"{share:.1%} of the weight" for cluster, share in enumerate(volumes / volumes.sum())
        }
        strengths = _within_layer(graph, degrees)
        of_what = "weights" if measured.contribution is None else "contributions"
        size_means = f"sum of a unit's {of_what}, beside the largest of its layer"
    else:
        rises = np.array([max(lesion.loss_increase, 0.0) for lesion in test.clusters])
        order = np.argsort(-rises, kind="stable")
        unit = "" if measured.is_regression else " nats"
        texts = {lesion.cluster: _effect(lesion, unit) for lesion in test.clusters}
        strengths = (rises / max(rises.max(), test.clusters[0].least_effect))[labels]
        size_means = (
            f"rise of the loss without the cluster's hidden units, the largest {rises.max():.3g}{unit}"
        )
    rows = [
        MapRow(
            cluster=int(cluster),
            text=texts[cluster],
            strengths=_by_layer(graph, labels == cluster, strengths),
        )
        for cluster in order
    ]
    left_out = tuple(
        np.ones(full - width) for full, width in zip(graph.full_widths, graph.widths, strict=True)
    )
    if any(map(len, left_out)):
        constant = "no weights" if measured.contribution is None else "dead, constant, or no weights"
        rows.append(MapRow(cluster=LEFT_OUT, text=constant, strengths=left_out))
    return ClusterMap(
        layers=tuple(zip(graph.layer_names, graph.full_widths, strict=True)),
        rows=tuple(rows),
        heading=_heading(measured),
        size_means=size_means,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class DotGrid:
    """How dots are laid out; lengths in inches."""

    units_per_dot: int
    """Units of one cluster and layer that share a dot, at most."""
    pitch: float
    """Distance of neighbouring dots."""
    dots_across: int
    """Dots beside each other in a column."""
    heights: tuple[float, ...]
    """Of each row."""


_PITCHES = (0.14, 0.12, 0.1, 0.08, 0.07, 0.06, 0.05, 0.045)
"""From large dots to the smallest that can be told apart in print."""


def dot_grid(shown: ClusterMap, column: float, most_height: float, least_row: float) -> DotGrid:
    """Return the largest dots that fit; where even the smallest do not, several units share one.

    Args:
        shown: what is drawn.
        column: width of a column, in inches.
        most_height: of all rows together.
        least_row: height of a row, at least.
    """
    sharing = 1
    while True:
        for pitch in _PITCHES:
            across = max(1, int(column / pitch))
            heights = tuple(
                max(least_row, pitch * math.ceil(_most_dots(row, sharing) / across)) for row in shown.rows
            )
            # A map of very many clusters is as high as their labels need.
            if sum(heights) <= max(most_height, least_row * len(shown.rows)):
                return DotGrid(units_per_dot=sharing, pitch=pitch, dots_across=across, heights=heights)
        sharing += 1


def dots(strengths: np.ndarray, units_per_dot: int) -> np.ndarray:
    """Return the mean strength of each dot's units, descending strengths taken in order, shape (dots,)."""
    starts = np.arange(0, len(strengths), units_per_dot)
    sizes = np.minimum(units_per_dot, len(strengths) - starts)
    return np.add.reduceat(strengths, starts) / sizes if len(strengths) else strengths


def _most_dots(row: MapRow, sharing: int) -> int:
    return max(math.ceil(len(strengths) / sharing) for strengths in row.strengths)


def _within_layer(graph: WeightGraph, degrees: np.ndarray) -> np.ndarray:
    """Return each node's degree beside the largest of its layer, shape (nodes,)."""
    largest = np.array(
        [degrees[graph.layer_of == layer].max(initial=0) for layer in range(len(graph.widths))]
    )
    return degrees / largest[graph.layer_of]


def _by_layer(graph: WeightGraph, own: np.ndarray, strengths: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(
        np.sort(strengths[own & (graph.layer_of == layer)])[::-1] for layer in range(len(graph.widths))
    )


def _effect(lesion: ClusterLesion, unit: str) -> str:
    if lesion.status != "ok":
        return "no hidden units" if lesion.num_units == 0 else lesion.status
    rise = f"{lesion.loss_increase:+.2g}{unit}"
    if lesion.has_effect:
        return f"{rise}, p {lesion.p_value:.2g}"
    low, high = lesion.band
    return f"{rise}, random {low:.2g} to {high:.2g}: no effect"


def _heading(measured: ModuleMeasurement) -> tuple[str, str]:
    shown, evaluation = measured.shown, measured.evaluation
    first = [measured.name]
    if evaluation is not None:
        called, format_ = ("R²", ".3f") if measured.is_regression else ("accuracy", ".1%")
        first.append(f"{called} {evaluation.accuracy:{format_}}")
    first += [note.partition(":")[0] for note in measured.notes if note.startswith("untrained")]
    of_what = shown.graph.weighting if measured.contribution is None else "contributions"
    modules, chosen = shown.modularity, shown.chosen
    parts = [
        f"layered modularity {modules.value:.3g} of {of_what}, k = {modules.num_clusters}"
        f"{_p_values(shown.tests, 'layered_modularity')}",
        f"n-cut {chosen.value:.3g}, k = {chosen.num_clusters}{_p_values(shown.tests, 'ncut')}",
    ]
    return ", ".join(first), "; ".join(parts)


def _p_values(tests: Sequence, statistic: str) -> str:
    found = [f"p {test.p_value:.2g} under {test.null}" for test in tests if test.statistic == statistic]
    return f" ({', '.join(found)})" if found else ""
