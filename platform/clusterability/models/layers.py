"""Runs of layers that several architectures are made of."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def dense_layers(widths: Sequence[int], dropout: float) -> list[nn.Module]:
    """Return linear layers with ReLU and dropout; `widths` begins with that of the inputs."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU(), *dropout_layers(dropout)]
    return layers


def dropout_layers(rate: float) -> list[nn.Module]:
    """Return a layer of dropout, or none where the rate is 0."""
    return [nn.Dropout(rate)] if rate > 0 else []
