"""Modules without tensors that a torch file names all the same, and that make its layers no plain chain."""

from collections.abc import Mapping
from typing import Any

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.kinds import SKIP
from clusterability.graph.files.names import WAY_OUT

_NORM_VERSION = 2  # of the state of batch and instance norms in torch; all other modules' is 1


def module_versions(state: Any) -> dict[str, int]:
    """Return the names and versions of all modules that `state_dict()` noted beside the tensors."""
    noted = getattr(state, "_metadata", None)
    if not isinstance(noted, Mapping):
        return {}
    versions = {name: one.get("version") for name, one in noted.items() if isinstance(one, Mapping)}
    return {str(name): version for name, version in versions.items() if isinstance(version, int)}


def refuse_bare_modules(modules: Mapping[str, int], tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse skip connections and norms that leave no tensor in a file, only their names.

    Raises:
        CheckpointError: naming the module.
    """
    for name, version in modules.items():
        if any(tensor.startswith(f"{name}.") for tensor in tensors):
            continue
        if version == _NORM_VERSION:
            raise CheckpointError(f"{name!r}: a norm without running statistics cannot be read; {WAY_OUT}")
        if SKIP.search(name):
            raise CheckpointError(f"{name!r}: a skip connection cannot be read from a file; {WAY_OUT}")
