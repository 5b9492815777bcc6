"""Names that fields had in earlier versions: their records, spaces and tracked runs stay readable."""

from collections.abc import Mapping

NEW_NAMES: Mapping[str, str] = {
    "training.l1_weight": "penalties.l1.weight",
    "training.l2_weight": "penalties.l2.weight",
    "training.clusterability_weight": "penalties.clusterability.weight",
    "training.clusterability_eigenvalues": "penalties.clusterability.eigenvalues",
    "training.clusterability_edges": "penalties.clusterability.edges",
    "training.clusterability_every": "penalties.clusterability.every",
    "training.locality_weight": "penalties.locality.weight",
    "training.locality_spacing": "penalties.locality.spacing",
    "training.locality_swap_every": "penalties.locality.swap_every",
    "training.intra_cluster_weight": "penalties.intra_cluster.weight",
    "training.intra_cluster_modules": "penalties.intra_cluster.modules",
}
"""Dotted names of today by those of before."""


def new_name(name: str) -> str:
    """Return today's name of a dotted field."""
    return NEW_NAMES.get(name, name)
