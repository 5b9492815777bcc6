"""What is measured of a network while it is trained: one line a curve, no nulls."""

from collections.abc import Callable, Mapping

import torch

from clusterability.measurement.network import MeasuredNetwork
from clusterability.training.evaluate import evaluate

CURVE_EXAMPLES = 2000
"""Training examples that contributions are taken over at a point of a curve, at most: the spread of an
activation is then known to about 2 %."""
LESION_EXAMPLES = 500
"""Validation examples that lesions are judged by at a point of a curve, at most."""


def _validation_accuracy(network: MeasuredNetwork) -> float:
    device, validation = next(network.module.parameters()).device, network.dataset.validation
    inputs, labels = (torch.tensor(item, device=device) for item in (validation.inputs, validation.labels))
    return evaluate(network.module, inputs, labels).accuracy


def _functional_clusters(network: MeasuredNetwork) -> float:
    return network.lesions_at_k(LESION_EXAMPLES).functional_clusters


FOLLOWED: Mapping[str, Callable[[MeasuredNetwork], float]] = {
    "validation_accuracy": _validation_accuracy,
    "ncut": lambda network: network.weights.partition.value,
    "layer_share": lambda network: network.weights.partition.layer_share,
    "layered_modularity_at_k": lambda network: network.weights.modularity_at_k.value,
    "ncut_contribution": lambda network: network.contribution.partition.value,
    "layer_share_contribution": lambda network: network.contribution.partition.layer_share,
    "layered_modularity_at_k_contribution": lambda network: network.contribution.modularity_at_k.value,
    "functional_clusters_at_k": _functional_clusters,
}
"""Functions of a network by the curve's name: that of the metric where it is the same number."""
