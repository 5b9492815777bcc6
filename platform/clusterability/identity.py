"""The identity of configurations, in a form that no version changes: a finished trial stays finished.

Identifiers are hashes of the fields as the first version named them. A field that came later counts only
where it differs from its default.
"""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from clusterability.old_names import NEW_NAMES
from clusterability.own_code import is_own

_FIRST_DEFAULTS: Mapping[str, Any] = {
    "training.l1_weight": 0.0,
    "training.l2_weight": 0.0,
    "training.clusterability_weight": 0.0,
    "training.clusterability_eigenvalues": 3,
    "training.clusterability_edges": "weights",
    "training.clusterability_every": 1,
    "training.locality_weight": 0.0,
    "training.locality_spacing": 0.1,
    "training.locality_swap_every": 200,
    "training.intra_cluster_weight": 0.0,
    "training.intra_cluster_modules": 4,
}
"""What the fields of before, all of them settings of penalties, were where nothing was said."""

_LATER_FIELDS: Mapping[str, Any] = {
    "dataset.options": {},
    "dataset.path": None,
    "dataset.permuted_labels": False,
    "model.options": {},
    "model.cut": None,
    "training.until_loss": None,
    "measurement.epochs": None,
    "measurement.steps": [],
    "measurement": {},
    "nulls.verdict": "dispersion",
    "penalties": {},
    "lesions.num_random": 50,
    "lesions.num_examples": 1000,
    "lesions.double": False,
    "lesions.ablation": "zero",
    "lesions": {},
    "metrics": [],
    "sources": {},
}
"""Fields that the first version lacked, with their defaults; a section after its fields, once it is empty."""


def identity(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a trial's identifier is the hash of, from its nested fields; the seed is left out."""
    form = deepcopy({name: value for name, value in content.items() if name != "seed"})
    for old, new in NEW_NAMES.items():
        section, leaf = old.split(".")
        _, component, setting = new.split(".")
        settings = form["penalties"].get(component, {})
        form[section][leaf] = settings.pop(setting, _FIRST_DEFAULTS[old])
        if not settings:
            form["penalties"].pop(component, None)
    model = form["model"]
    if model["initialisation"] is None and not is_own(model["architecture"]):
        model["initialisation"] = "glorot"
    for name, default in _LATER_FIELDS.items():
        section, _, leaf = name.partition(".")
        place, key = (form[section], leaf) if leaf else (form, section)
        if place[key] == default:
            del place[key]
    return form


def digest(form: Any) -> str:
    """Return the SHA-256 of plain values, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()
