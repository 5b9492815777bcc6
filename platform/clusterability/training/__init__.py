"""Training: the bare loop and what makes networks clusterable."""

from clusterability.training.device import resolve_device
from clusterability.training.evaluate import Evaluation, evaluate
from clusterability.training.locality import connection_length
from clusterability.training.loop import TrainedNetwork, prune, train
from clusterability.training.modules import intra_cluster_share
from clusterability.training.penalty import ClusterabilityPenalty

__all__ = [
    "ClusterabilityPenalty",
    "Evaluation",
    "TrainedNetwork",
    "connection_length",
    "evaluate",
    "intra_cluster_share",
    "prune",
    "resolve_device",
    "train",
]
