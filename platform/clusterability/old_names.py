"""Names that fields had in earlier versions: their records, spaces and tracked runs stay readable."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

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

_OLD_NAMES = {new: old for old, new in NEW_NAMES.items()}


def new_name(name: str) -> str:
    """Return today's name of a dotted field."""
    return NEW_NAMES.get(name, name)


def old_name(name: str) -> str:
    """Return the first name that a dotted field had."""
    return _OLD_NAMES.get(name, name)


def with_new_names(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested fields with the names of today, such as penalties: {l1: {weight: 0.1}}."""
    renamed = deepcopy(dict(content))
    for old, new in NEW_NAMES.items():
        section, leaf = old.split(".")
        place = renamed.get(section)
        if isinstance(place, dict) and leaf in place:
            _, component, setting = new.split(".")
            penalties = renamed.setdefault("penalties", {})
            penalties.setdefault(component, {}).setdefault(setting, place.pop(leaf))
    return renamed
