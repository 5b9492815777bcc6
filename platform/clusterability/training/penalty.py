"""The clusterability penalty: the smallest eigenvalues of the weight graph's Laplacian."""

from itertools import pairwise

import torch
from torch import nn

from clusterability.errors import ConfigError, GraphError


class ClusterabilityPenalty:
    """Mean of the `num_eigenvalues` smallest non-trivial eigenvalues of a network's normalised Laplacian.

    L_sym = I - D^-1/2 A D^-1/2, with A the weight graph of the chain of linear layers in `module`. Layers
    alternate, so the eigenvalues are 1 - sigma with sigma the singular values of the scaled matrix between
    even and odd layers; the largest, 1, is trivial. By the envelope theorem the gradient is the one with
    the singular vectors held fixed, and it is exact.

    The gradient is the true one; the authors' is half of it, so that the paper's factor 0.1 is 0.05 here
    (Filan et al. 2021, appendix on the cluster gradient).
    """

    def __init__(self, module: nn.Module, num_eigenvalues: int = 3) -> None:
        self._layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        if not self._layers:
            raise GraphError("a clusterability penalty needs at least one linear layer, the module has none")
        for before, after in pairwise(self._layers):
            if before.out_features != after.in_features:
                raise GraphError(f"{before} and {after} are no chain: their widths do not fit")
        widths = [self._layers[0].in_features, *(layer.out_features for layer in self._layers)]
        smaller = min(sum(widths[0::2]), sum(widths[1::2]))
        if not 1 <= num_eigenvalues < smaller:
            raise ConfigError(f"num_eigenvalues: got {num_eigenvalues}, allowed: 1 to {smaller - 1}")
        self._widths = widths
        self._num_eigenvalues = num_eigenvalues

    def __call__(self) -> torch.Tensor:
        """Return the penalty of the current weights, a scalar with gradient."""
        normalised = self._normalised()
        with torch.no_grad():
            count = self._num_eigenvalues + 1
            left, _, right = torch.linalg.svd(normalised.double(), full_matrices=False)
            left = left[:, 1:count].to(normalised.dtype)
            right = right[1:count].T.to(normalised.dtype)
        return 1 - (left * (normalised @ right)).sum() / self._num_eigenvalues

    def _normalised(self) -> torch.Tensor:
        """Return D_even^-1/2 B D_odd^-1/2, with B the weights between even and odd layers."""
        weights = [layer.weight.T.abs() for layer in self._layers]
        starts = [sum(self._widths[index % 2 : index : 2]) for index in range(len(self._widths))]
        between = weights[0].new_zeros(sum(self._widths[0::2]), sum(self._widths[1::2]))
        for index, weight in enumerate(weights):
            even, odd, block = (index, index + 1, weight) if index % 2 == 0 else (index + 1, index, weight.T)
            rows = slice(starts[even], starts[even] + self._widths[even])
            columns = slice(starts[odd], starts[odd] + self._widths[odd])
            between = between.clone()
            between[rows, columns] = block
        even_scale, odd_scale = (_inverse_root(between.sum(dim=axis)) for axis in (1, 0))
        return even_scale[:, None] * between * odd_scale


def _inverse_root(degrees: torch.Tensor) -> torch.Tensor:
    # A unit without weights has degree 0 and takes no part; the inner `where` keeps its gradient finite.
    connected = degrees > 0
    return torch.where(connected, torch.where(connected, degrees, 1).rsqrt(), 0)
