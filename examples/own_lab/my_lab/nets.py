"""A small network with a skip connection."""

import math

import torch
from torch import nn


class Tiny(nn.Module):
    """Two hidden layers; the first layer's values are added to the second's."""

    def __init__(self, input_shape: tuple[int, ...], num_classes: int, width: int = 16) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.first = nn.Linear(math.prod(input_shape), width)
        self.second = nn.Linear(width, width)
        self.out = nn.Linear(width, num_classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (n, num_classes)."""
        hidden = torch.relu(self.first(self.flatten(inputs)))
        return self.out(torch.relu(self.second(hidden) + hidden))
