"""The kernels of a network."""

from collections.abc import Iterable

import torch
from torch import nn

_KERNELS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def kernels(module: nn.Module) -> list[torch.Tensor]:
    """Return the weights of all linear and convolutional layers, in the module's order; no biases."""
    return [layer.weight for layer in module.modules() if isinstance(layer, _KERNELS)]


def total(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return the sum of all entries, with gradient."""
    return torch.stack([tensor.sum() for tensor in tensors]).sum()
