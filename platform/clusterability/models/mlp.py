"""The multilayer perceptron of the paper."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def mlp(widths: Sequence[int], *, dropout: float = 0.0) -> nn.Sequential:
    """Return a perceptron with layers of `widths` (inputs first, logits last), ReLU between them.

    Inputs of any shape are flattened. With `dropout`, each hidden unit is dropped with that probability
    in training, after its ReLU.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    last = len(widths) - 2
    for index, (fan_in, fan_out) in enumerate(pairwise(widths)):
        layers.append(nn.Linear(fan_in, fan_out))
        if index < last:
            layers.append(nn.ReLU())
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)
