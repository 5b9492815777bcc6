"""The share of squared weights between fixed modules of units."""

import torch
from torch import nn

from clusterability.errors import ConfigError
from clusterability.training.penalties._edges import RawEdges


class InterModuleShare:
    """1 - the share of squared weights that lie within modules, the mean over the blocks of weights.

    share = sum over i, j of one module of w_ij^2 / sum over all i, j of w_ij^2.

    Modules are fixed before training: unit i of n belongs to module floor(i m / n), which costs nothing since
    units have no order yet. Pixels and classes are not divided: in networks of linear layers the first and
    the last block are left out. With equal modules an untrained network has 1 - 1/m. Golechha, Cope & Schoots
    2024, "Training Neural Networks for Modularity aids Interpretability", arXiv 2409.15747, who subtract the
    share from the loss (there called enmeshment), for two successive layers or several.
    """

    def __init__(self, module: nn.Module, num_modules: int) -> None:
        """Make the penalty; raises ConfigError where no block of weights lies between two hidden layers."""
        self._edges = RawEdges(module)
        wiring = self._edges.wiring
        ends = {0, len(wiring.widths) - 1} if wiring.names[0] == "inputs" else set()
        self._masks: dict[int, torch.Tensor] = {}
        device = next(module.parameters()).device
        members = [torch.arange(width, device=device) * num_modules // width for width in wiring.widths]
        for index, wire in enumerate(wiring.wires):
            if wire.kernel is not None and not ends & {wire.source, wire.target}:
                same = members[wire.source][:, None] == members[wire.target]
                self._masks[index] = same.to(next(module.parameters()).dtype)
        if not self._masks:
            raise ConfigError(
                f"penalties.intra_cluster: got a network with layers of {wiring.widths} units, "
                "allowed: networks with weights between two hidden layers"
            )

    def __call__(self) -> torch.Tensor:
        """Return the penalty of the current weights, between 0 and 1, a scalar with gradient."""
        edges = self._edges()
        shares = []
        for index, same in self._masks.items():
            squares = edges[index].square()
            shares.append((squares * same).sum() / squares.sum())
        return 1 - torch.stack(shares).mean()
