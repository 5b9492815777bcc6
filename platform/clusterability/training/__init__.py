"""Training: the bare loop and what makes networks clusterable."""

from clusterability.training.device import resolve_device
from clusterability.training.evaluate import Evaluation, evaluate
from clusterability.training.loop import TrainedNetwork, train
from clusterability.training.penalty import ClusterabilityPenalty

__all__ = [
    "ClusterabilityPenalty",
    "Evaluation",
    "TrainedNetwork",
    "evaluate",
    "resolve_device",
    "train",
]
