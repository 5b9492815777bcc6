"""Training: the bare loop and what makes networks clusterable."""

from clusterability.training.device import resolve_device
from clusterability.training.evaluate import Evaluation, evaluate
from clusterability.training.loop import TrainedNetwork, prune, train
from clusterability.training.penalty import ClusterabilityPenalty

__all__ = [
    "ClusterabilityPenalty",
    "Evaluation",
    "TrainedNetwork",
    "evaluate",
    "prune",
    "resolve_device",
    "train",
]
