"""A cut network in training: its parts stay apart."""

import torch
from torch import nn

from clusterability.models.cut import cut_masks
from clusterability.training.kernels import kernels


class Cut:
    """Sets the weights between the parts of a network to zero again after every step.

    Every weight's step is Adam's own, so the others train as they would without those between parts.
    """

    def __init__(self, module: nn.Module, parts: int) -> None:
        """Take a network on the device that it is trained on."""
        self._weights = kernels(module)
        self._masks = cut_masks(module, parts)

    @torch.no_grad()
    def after_step(self, step: int) -> None:
        """Undo what step number `step` did to weights between parts."""
        for weight, mask in zip(self._weights, self._masks, strict=True):
            weight.mul_(mask)
