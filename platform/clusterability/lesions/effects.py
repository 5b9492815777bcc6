"""What each of many lesions costs, against the whole network."""

from dataclasses import dataclass

import numpy as np

from clusterability.lesions.examples import Examples
from clusterability.lesions.network import LesionedNetwork, OnExamples, Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class Effects:
    """Rises of the loss and drops of the accuracy, for each lesion."""

    loss: np.ndarray
    """Rise of the mean loss, shape (lesions,)."""
    accuracy: np.ndarray
    """Drop of the accuracy, shape (lesions,); zeros for a regression."""
    class_loss: np.ndarray
    """Rise of the mean loss over each class's examples, shape (lesions, classes)."""
    class_accuracy: np.ndarray
    """The same of the accuracy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """How wrong the whole network is."""

    loss: float
    accuracy: float
    """0 for a regression."""


def measure_effects(
    network: LesionedNetwork,
    lesions: np.ndarray,
    examples: Examples,
    on_examples: OnExamples | None = None,
) -> tuple[Baseline, Effects]:
    """Run a network whole and with each set of hidden units lesioned, (lesions, units) of booleans."""
    whole = np.zeros((1, lesions.shape[1]), dtype=bool)
    scores = network.scores(np.concatenate([whole, lesions]), examples, on_examples)
    loss, accuracy = _means(scores, examples)
    class_loss, class_accuracy = scores.loss / examples.counts, scores.correct / examples.counts
    effects = Effects(
        loss=loss[1:] - loss[0],
        accuracy=accuracy[0] - accuracy[1:],
        class_loss=class_loss[1:] - class_loss[0],
        class_accuracy=class_accuracy[0] - class_accuracy[1:],
    )
    return Baseline(loss=float(loss[0]), accuracy=float(accuracy[0])), effects


def _means(scores: Scores, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    total = examples.counts.sum()
    return scores.loss.sum(axis=1) / total, scores.correct.sum(axis=1) / total
