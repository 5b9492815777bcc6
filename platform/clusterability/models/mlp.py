"""The multilayer perceptron of the paper."""

import math
from collections.abc import Sequence

from torch import nn

from clusterability.models.layers import dense_layers


def mlp(
    input_shape: Sequence[int], num_classes: int, *, widths: Sequence[int], dropout: float = 0.0
) -> nn.Sequential:
    """Return a perceptron with hidden layers of `widths` and ReLU behind each; inputs are flattened.

    With `dropout`, each hidden unit is dropped with that probability in training, after its ReLU.
    """
    hidden = dense_layers((math.prod(input_shape), *widths), dropout)
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(widths[-1], num_classes))
