"""Weight matrices out of a torch module."""

from typing import Any

import numpy as np
from torch import nn

from clusterability.errors import GraphError

_WITHOUT_WEIGHTS = (nn.ReLU, nn.Dropout, nn.Flatten, nn.Identity)


def read_module(module: nn.Module, example_input: Any) -> list[np.ndarray]:
    """Return the weight matrices, each (fan_in, fan_out), of a chain of linear layers."""
    matrices = []
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear):
            matrices.append(layer.weight.detach().cpu().numpy().T.astype(np.float64))
        elif not isinstance(layer, _WITHOUT_WEIGHTS) and next(layer.children(), None) is None:
            raise GraphError(f"layer {name!r}: {type(layer).__name__} cannot be read as a weight graph")
    return matrices
