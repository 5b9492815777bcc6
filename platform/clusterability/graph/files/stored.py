"""What an opened file holds: tensors by name, in one or several mappings, their order known or not."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredTensors:
    """The tensors of a file as they are, nothing computed yet."""

    mappings: dict[str, dict[str, torch.Tensor]]
    """Tensors by name, for each mapping in the file that may hold a network; keys are paths in the file."""
    modules: dict[str, dict[str, int]]
    """Names of all modules, those without tensors too, and the versions of their states; empty: not noted."""
    has_order: bool
    """Whether the file keeps the order in which the layers were defined."""
