"""Where each cluster's units are, and what they matter: rows of clusters, columns of layers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clusterability.cli.module_measurement import MODULARITY, ModuleMeasurement
from clusterability.graph import WeightGraph
from clusterability.lesions import ClusterLesion, LesionTest
from clusterability.record import NullTest

Kind = Literal["cluster", "ends", "left out"]
"""A cluster; all clusters of inputs and outputs alone, which no lesion touches; units not in the graph."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MapRow:
    """One cluster, or several that have nothing to lesion, or the units that are in none."""

    kind: Kind
    name: str
    """What it is called."""
    text: str
    """What its lesion does, or its share of the volume."""
    strengths: tuple[np.ndarray, ...]
    """For each layer, of each of its units there, descending: how large its dot is, from 0 to 1."""


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
    graph, test = measured.shown.graph, measured.lesions.get(MODULARITY)
    rows, size_means = _by_strength(measured) if test is None else _by_effect(measured, test)
    left_out = tuple(
        np.ones(full - width) for full, width in zip(graph.full_widths, graph.widths, strict=True)
    )
    if any(map(len, left_out)):
        why = "no weights" if measured.contribution is None else "dead, constant, or no weights"
        rows = [*rows, MapRow(kind="left out", name="left out", text=why, strengths=left_out)]
    return ClusterMap(
        layers=tuple(zip(graph.layer_names, graph.full_widths, strict=True)),
        rows=tuple(rows),
        heading=_heading(measured),
        size_means=size_means,
    )


def _by_effect(measured: ModuleMeasurement, test: LesionTest) -> tuple[list[MapRow], str]:
    graph, labels = measured.shown.graph, measured.shown.modularity.labels
    unit = "" if measured.is_regression else " nats"
    largest = max(test.largest_effect, test.clusters[0].least_effect)
    rises = np.array([max(lesion.loss_increase, 0.0) for lesion in test.clusters])
    strengths = (rises / largest)[labels]
    rows = [
        MapRow(
            kind="cluster",
            name=f"cluster {lesion.cluster}",
            text=_effect(lesion, unit),
            strengths=_by_layer(graph, labels == lesion.cluster, strengths),
        )
        for lesion in sorted(test.clusters, key=lambda lesion: -lesion.loss_increase)
        if lesion.num_units
    ]
    ends = [lesion.cluster for lesion in test.clusters if not lesion.num_units]
    if ends:
        own = np.isin(labels, ends)
        name = f"{len(ends)} clusters" if len(ends) > 1 else f"cluster {ends[0]}"
        text, found = "no hidden units to lesion", _by_layer(graph, own, strengths)
        rows.append(MapRow(kind="ends", name=name, text=text, strengths=found))
    means = (
        f"rise of the loss without the cluster's hidden units, the largest {test.largest_effect:.3g}{unit}"
    )
    return rows, means


def _by_strength(measured: ModuleMeasurement) -> tuple[list[MapRow], str]:
    graph, labels = measured.shown.graph, measured.shown.modularity.labels
    degrees = np.asarray(graph.adjacency().sum(axis=1)).ravel()
    volumes = np.bincount(labels, weights=degrees)
    layers = graph.layer_of
    largest = np.zeros(len(graph.widths))
    np.maximum.at(largest, layers, degrees)
    strengths = degrees / largest[layers]
    rows = [
        MapRow(
            kind="cluster",
            name=f"cluster {cluster}",
            text=f"{volumes[cluster] / volumes.sum():.1%} of the volume",
            strengths=_by_layer(graph, labels == cluster, strengths),
        )
        for cluster in np.argsort(-volumes, kind="stable")
    ]
    of_what = "weights" if measured.contribution is None else "contributions"
    return rows, f"sum of a unit's {of_what}, beside the largest of its layer"


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


def _by_layer(graph: WeightGraph, own: np.ndarray, strengths: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(
        np.sort(strengths[own & (graph.layer_of == layer)])[::-1] for layer in range(len(graph.widths))
    )


def _effect(lesion: ClusterLesion, unit: str) -> str:
    rise = f"{lesion.loss_increase:+.2g}{unit}"
    if lesion.has_effect:
        return f"{rise}, p {lesion.p_value:.2g}"
    if lesion.status != "ok":
        return f"{rise}, all dead"
    return f"{rise}, {'as random units' if lesion.loss_increase >= lesion.least_effect else 'no effect'}"


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
    return ", ".join(first), "\n".join(parts)


def _p_values(tests: Sequence[NullTest], statistic: str) -> str:
    found = [
        f"p {test.p_value:.2g} under {test.null}" + ("" if test.status == "ok" else f": {_word(test)}")
        for test in tests
        if test.statistic == statistic
    ]
    return f" ({', '.join(found)})" if found else ""


def _word(test: NullTest) -> str:
    """Return what a status says in a word or two: "weak", "undecided"."""
    return test.status.partition(":")[0]
