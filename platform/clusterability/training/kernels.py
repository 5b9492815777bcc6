"""L1 and L2 penalties on a network's kernels."""

from collections.abc import Sequence

import torch
from torch import nn


def kernels(module: nn.Module) -> list[torch.Tensor]:
    """Return the weights of all linear and convolutional layers, in the module's order; no biases."""
    return [layer.weight for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


def kernel_penalty(weights: Sequence[torch.Tensor], *, l1_weight: float, l2_weight: float) -> torch.Tensor:
    """Return l1_weight * sum |w| + l2_weight * sum w^2 over all `weights`, with gradient.

    Equivalent to Keras's `kernel_regularizer` L1L2 on every layer: no half before the squares, biases are
    not penalised. The paper uses 5e-5 for either; its code, with L2 on, gives the first layer L1 instead.
    """
    total = weights[0].new_zeros(())
    for weight in weights:
        if l1_weight > 0:
            total = total + l1_weight * weight.abs().sum()
        if l2_weight > 0:
            total = total + l2_weight * weight.square().sum()
    return total
