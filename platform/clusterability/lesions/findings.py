"""From the effects of all lesions to what is said of each cluster, and of the classes."""

from collections.abc import Callable

import numpy as np

from clusterability.lesions.effects import Baseline, Effects
from clusterability.lesions.examples import Examples
from clusterability.lesions.result import Comparison
from clusterability.lesions.selectivity import causal_gap, class_mutual_information

_LEAST_EFFECT = 0.01  # nats, or share of the variance of a regression's targets
_ROUNDING = 1e-6  # of the loss: single precision, in sums over examples


class Findings:
    """Effects of the clusters' lesions beside those of random draws."""

    def __init__(self, baseline: Baseline, effects: Effects, examples: Examples, num_clusters: int) -> None:
        """Take effects of (1 + m) k lesions: the clusters', then those of each draw."""
        self._effects = effects
        self._is_regression = examples.is_regression
        self._shape = (-1, num_clusters)
        targets = examples.targets.double()
        variance = targets.var(dim=0, correction=0).mean().item() if self._is_regression else 1.0
        self.least_effect = _LEAST_EFFECT * variance
        """A smaller rise is none."""
        self.rounding = _ROUNDING * (abs(baseline.loss) + (variance or 1.0))
        """Losses that differ by less are the same."""

    @property
    def loss(self) -> np.ndarray:
        """Rise of the loss, shape (1 + m, k)."""
        return self._effects.loss.reshape(self._shape)

    def loss_rise(self, row: int) -> Comparison:
        """Return the rise of one cluster's loss beside that of its random sets."""
        return self._comparison(self.loss[:, row])

    def accuracy_drop(self, row: int) -> float | None:
        """Return one cluster's effect on the accuracy; None for a regression."""
        return None if self._is_regression else float(self._effects.accuracy[row])

    def class_loss(self, row: int) -> np.ndarray | None:
        """Return one cluster's effect on the loss of each class; None for a regression."""
        return None if self._is_regression else self._effects.class_loss[row]

    def class_accuracy(self, row: int) -> np.ndarray | None:
        """Return one cluster's effect on the accuracy of each class; None for a regression."""
        return None if self._is_regression else self._effects.class_accuracy[row]

    def class_information(self) -> Comparison | None:
        """Return the mutual information of class and cluster; None for a regression."""
        return self._of_classes(lambda loss, accuracy: class_mutual_information(loss, self.least_effect))

    def class_gap(self) -> Comparison | None:
        """Return the causal gap; None for a regression."""
        return self._of_classes(lambda loss, accuracy: causal_gap(loss, accuracy, self.least_effect))

    def _of_classes(self, statistic: Callable[[np.ndarray, np.ndarray], float]) -> Comparison | None:
        if self._is_regression:
            return None
        shape = (*self.loss.shape, -1)
        by_draw = zip(
            self._effects.class_loss.reshape(shape), self._effects.class_accuracy.reshape(shape), strict=True
        )
        return self._comparison(np.array([statistic(loss, accuracy) for loss, accuracy in by_draw]))

    def _comparison(self, values: np.ndarray) -> Comparison:
        return Comparison(value=float(values[0]), reference=values[1:], rounding=self.rounding)
