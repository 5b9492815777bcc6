"""What lesions say of the control's and the frontier's clusters, as figures show it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.labels import evenly_spread

PARTITION = "layered_modularity_contribution"
"""The partition that is shown, by the name that records have for it."""
LEAST_EFFECT = 0.01
"""A smaller effect is none, in nats, or in variances of a regression's targets."""
LEVEL = 0.05
"""p up to which a pair of clusters is marked."""

Verdict = Literal["effect", "as random units", "no effect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """One cluster of one network, and what the network loses without its hidden units."""

    share: float
    """Of the clusters' volume, 0 to 1."""
    effect: float
    """Rise of the loss, in nats or in variances of a regression's targets."""
    band: tuple[float, float]
    """The middle 95 % of the rises by as many random units in every layer."""
    verdict: Verdict
    """"no effect": below LEAST_EFFECT; "as random units": not, but within the band."""
    has_units: bool
    """Whether there is a hidden unit to lesion."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Two clusters lesioned together; rows and columns are the clusters with hidden units, in their order."""

    excess: tuple[tuple[float, ...], ...]
    """(rise of both) - (sum of the single rises), less the mean of random pairs; 0 on the diagonal."""
    marked: tuple[tuple[bool, ...], ...]
    """Whether p is at most LEVEL."""
    num_random: int
    """Random pairs that each pair is compared with."""

    @property
    def share_marked(self) -> float:
        """Share of the pairs that are marked; NaN where there is no pair."""
        upper = np.triu_indices(len(self.marked), 1)
        return float(np.mean(np.array(self.marked)[upper])) if len(upper[0]) else float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class LesionedSeed:
    """One network of a condition."""

    seed: int
    clusters: tuple[Cluster, ...]
    """Those with an effect first, then as random units do, then the others; within each the largest first."""
    functional_clusters: float
    clusters_without_effect: int
    pairs: Pairs | None
    """None where pairs were not lesioned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LesionedCondition:
    """The networks of one condition."""

    label: str
    number: int
    """Its number on the frontier; 0: it is not there."""
    control: bool
    seeds: tuple[LesionedSeed, ...]
    """Those with lesions, by seed."""

    @property
    def title(self) -> str:
        """Number and label."""
        return f"{self.number}  {self.label}" if self.number else self.label


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesioned:
    """The conditions that are shown, the control first."""

    conditions: tuple[LesionedCondition, ...]
    num_hidden: int
    """Frontier conditions that have lesions and are not shown."""
    num_random: int
    """Random sets that each cluster is compared with; the fewest where trials differ."""
    unit: str
    """Of the effects."""


def find_lesioned(analysis: Analysis, most: int) -> Lesioned | None:
    """Return the control and an even choice of the frontier, at most `most` conditions; None: no lesions.

    Trials without lesions, such as those of earlier versions, are left out.
    """
    trials, rows = analysis.conditions.trials, analysis.frontier.control_first
    lesions = analysis.sweep.lesions
    has = rows["condition_id"].isin(trials.loc[trials["trial_id"].isin(list(lesions)), "condition_id"])
    rows = rows[has]
    controls, others = rows[rows["control"]], rows[~rows["control"]]
    chosen = others.iloc[evenly_spread(len(others), most - len(controls))]
    conditions, found = [], []
    for row in [*controls.to_dict("records"), *chosen.to_dict("records")]:
        own = trials[trials["condition_id"] == row["condition_id"]].sort_values("seed")
        known = {
            int(trial["seed"]): content
            for trial in own.to_dict("records")
            if (content := _known(lesions.get(trial["trial_id"], {}))) is not None
        }
        if known:
            found += known.values()
            conditions.append(_condition(row, known))
    if not conditions:
        return None
    is_regression = found[0]["baseline_accuracy"] is None
    return Lesioned(
        conditions=tuple(conditions),
        num_hidden=len(others) - len(chosen),
        num_random=min(content["num_random"] for content in found),
        unit="variances of the targets" if is_regression else "nats",
    )


def _condition(row: Mapping[Hashable, Any], known: Mapping[int, dict[str, Any]]) -> LesionedCondition:
    return LesionedCondition(
        label=row["label"],
        number=0 if pd.isna(row["frontier"]) else int(row["frontier"]),
        control=bool(row["control"]),
        seeds=tuple(_seed(seed, content) for seed, content in known.items()),
    )


def _known(lesions: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the lesions of the partition shown, with the least effect that early records leave out.

    None where there are none, and for a regression of an early record: its effects have no scale.
    """
    content = lesions.get(PARTITION)
    if content is None:
        return None
    if "least_effect" not in content and content["baseline_accuracy"] is None:
        return None
    return {"least_effect": LEAST_EFFECT, "double": None, **content}


def _seed(seed: int, content: dict[str, Any]) -> LesionedSeed:
    scale = LEAST_EFFECT / content["least_effect"]
    volume = sum(cluster["volume"] for cluster in content["clusters"])
    clusters = [_cluster(cluster, scale, volume) for cluster in content["clusters"]]
    order = sorted(range(len(clusters)), key=lambda place: _rank(clusters[place]))
    with_units = [place for place in order if clusters[place].has_units]
    return LesionedSeed(
        seed=seed,
        clusters=tuple(clusters[place] for place in order),
        functional_clusters=float(content["functional_clusters"]),
        clusters_without_effect=int(content["clusters_without_effect"]),
        pairs=None if content["double"] is None else _pairs(content["double"], with_units, scale),
    )


def _cluster(content: dict[str, Any], scale: float, volume: float) -> Cluster:
    effect = scale * content["loss_increase"]
    low, high = content["band"]
    without: Verdict = "no effect" if effect < LEAST_EFFECT else "as random units"
    return Cluster(
        share=content["volume"] / volume,
        effect=effect,
        band=(scale * low, scale * high),
        verdict="effect" if content["has_effect"] else without,
        has_units=content["num_units"] > 0,
    )


def _rank(cluster: Cluster) -> tuple[int, float, float]:
    place = {"effect": 0, "as random units": 1, "no effect": 2}[cluster.verdict]
    return place, -cluster.effect, -cluster.share


def _pairs(content: dict[str, Any], places: list[int], scale: float) -> Pairs:
    shown = np.ix_(places, places)
    excess = scale * np.array(content["excess"])[shown]
    return Pairs(
        excess=tuple(map(tuple, excess.tolist())),
        marked=tuple(map(tuple, (np.array(content["p_value"])[shown] <= LEVEL).tolist())),
        num_random=int(content["num_random"]),
    )
