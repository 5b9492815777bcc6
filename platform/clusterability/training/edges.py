"""Edge weights of a network's graph as torch tensors with gradient, to be penalised."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import nn

from clusterability.errors import GraphError
from clusterability.training.adjacency import Layout


class EdgeWeights(Protocol):
    """What a clusterability penalty sees of a network."""

    layout: Layout

    def __call__(self) -> Sequence[torch.Tensor]:
        """Return a weight w for each edge |w|, block by block, shape (source units, target units)."""
        ...


class RawEdges:
    """|W| of a chain of linear layers: the paper's weight graph."""

    def __init__(self, module: nn.Module) -> None:
        self._layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        if not self._layers:
            raise GraphError("a weight graph needs at least one linear layer, the module has none")
        for before, after in pairwise(self._layers):
            if before.out_features != after.in_features:
                raise GraphError(f"{before} and {after} are no chain: their widths do not fit")
        widths = (self._layers[0].in_features, *(layer.out_features for layer in self._layers))
        self.layout = Layout(widths=widths, blocks=tuple(pairwise(range(len(widths)))))

    def __call__(self) -> list[torch.Tensor]:
        """Return W of each layer, shape (fan_in, fan_out)."""
        return [layer.weight.T for layer in self._layers]
