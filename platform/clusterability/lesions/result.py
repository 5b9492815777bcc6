"""What a lesion test says."""

from dataclasses import dataclass

import numpy as np

from clusterability.lesions.plan import Ablation

_BAND = (0.025, 0.975)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A value of the clusters beside those of random sets of as many units in every layer."""

    value: float
    reference: np.ndarray
    """The same of each random draw, shape (m,)."""
    rounding: float
    """Values that differ by less are the same."""

    @property
    def excess(self) -> float:
        """The value less the mean of the reference."""
        return self.value - float(self.reference.mean())

    @property
    def band(self) -> tuple[float, float]:
        """The middle 95 % of the reference: its quantiles 0.025 and 0.975."""
        low, high = np.quantile(self.reference, _BAND)
        return float(low), float(high)

    @property
    def p_value(self) -> float:
        """(1 + #{reference >= value}) / (1 + m); ties, up to rounding, count against the claim."""
        hits = np.count_nonzero(self.reference >= self.value - self.rounding)
        return (1 + int(hits)) / (1 + len(self.reference))

    @property
    def within_band(self) -> bool:
        """Whether the value is within the band, up to rounding."""
        low, high = self.band
        return low - self.rounding <= self.value <= high + self.rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterLesion:
    """One cluster's lesion."""

    cluster: int
    """Its label."""
    units_per_layer: tuple[int, ...]
    """Hidden units lesioned in each of the test's `layer_names`."""
    dead_units: int
    """Those whose activation is constant over the examples."""
    volume: float
    """Sum of the degrees of its nodes, inputs and outputs among them."""
    loss: Comparison
    """Rise of the loss beside that of random sets."""
    accuracy_drop: float | None
    """None for a regression."""
    class_loss_increase: np.ndarray | None
    """Rise of the loss on the examples of each of the test's `classes`; None for a regression."""
    class_accuracy_drop: np.ndarray | None
    """The same of the accuracy."""
    least_effect: float
    """A smaller rise is none."""

    @property
    def num_units(self) -> int:
        """Hidden units lesioned."""
        return sum(self.units_per_layer)

    @property
    def loss_increase(self) -> float:
        """Rise of the mean loss, in nats; for a regression in squared targets."""
        return self.loss.value

    @property
    def excess(self) -> float:
        """Rise of the loss less the mean of the reference."""
        return self.loss.excess

    @property
    def p_value(self) -> float:
        """(1 + #{reference >= rise}) / (1 + m)."""
        return self.loss.p_value

    @property
    def band(self) -> tuple[float, float]:
        """The middle 95 % of the reference."""
        return self.loss.band

    @property
    def has_effect(self) -> bool:
        """Whether the loss rises by 0.01 nats (1 % of the targets' variance) and not as by random sets."""
        return self.loss_increase >= self.least_effect and not self.loss.within_band

    @property
    def status(self) -> str:
        """ "ok", or why there is nothing to see."""
        if self.num_units == 0:
            return "no hidden units: there is nothing to lesion"
        return "ok" if self.dead_units < self.num_units else "all of its hidden units are dead"


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubleLesions:
    """Pairs of clusters lesioned together; rows and columns are the test's clusters in order."""

    interaction: np.ndarray
    """(rise of both) - (sum of the single rises), symmetric, 0 on the diagonal, shape (k, k)."""
    reference: np.ndarray
    """The same of pairs of random sets, shape (m, k, k)."""
    band: np.ndarray
    """The middle 95 % of the reference, shape (2, k, k)."""
    p_value: np.ndarray
    """(1 + #{reference as far as the pair from the mean of both}) / (1 + m), two-sided; 1 on the diagonal."""

    @property
    def num_random(self) -> int:
        """Random partitions m."""
        return len(self.reference)

    @property
    def excess(self) -> np.ndarray:
        """The interaction less the mean of the reference, shape (k, k)."""
        return self.interaction - self.reference.mean(axis=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class LesionTest:
    """All clusters' lesions, and what they say together."""

    clusters: tuple[ClusterLesion, ...]
    """In the order of their labels."""
    layer_names: tuple[str, ...]
    """The hidden layers of the graph."""
    classes: tuple[int, ...]
    """The classes that occur; empty for a regression."""
    ablation: Ablation
    num_random: int
    """Random partitions m of the reference."""
    num_examples: int
    """Examples that the network was run on."""
    baseline_loss: float
    """Mean loss of the whole network."""
    baseline_accuracy: float | None
    """None for a regression."""
    class_information: Comparison | None
    """Mutual information between class and which lesion hurts it, beside random partitions, in nats."""
    class_gap: Comparison | None
    """Causal gap beside random partitions."""
    double: DoubleLesions | None
    """None: not asked for."""

    @property
    def functional_clusters(self) -> float:
        """exp(entropy of the clusters' shares of the total positive rise), 1 to k; 0 where nothing rises."""
        rises = np.array([max(lesion.loss_increase, 0.0) for lesion in self.clusters])
        rounding = max(lesion.loss.rounding for lesion in self.clusters)
        shares = rises[rises > rounding] / max(rises[rises > rounding].sum(), rounding)
        return float(np.exp(-np.sum(shares * np.log(shares)))) if len(shares) else 0.0

    @property
    def clusters_without_effect(self) -> int:
        """Clusters whose rise is within the reference's 95 % band or below 0.01 nats."""
        return sum(not lesion.has_effect for lesion in self.clusters)

    @property
    def largest_effect(self) -> float:
        """Largest rise of the loss."""
        return max(lesion.loss_increase for lesion in self.clusters)

    @property
    def class_mutual_information(self) -> float | None:
        """Mutual information between class and which lesion hurts it, less the mean of random partitions."""
        return None if self.class_information is None else self.class_information.excess

    @property
    def causal_gap(self) -> float | None:
        """Drop of accuracy on clusters' own classes less that on the others."""
        return None if self.class_gap is None else self.class_gap.value
