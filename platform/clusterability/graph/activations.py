"""The spread of units' activations over data, and the contributions of weights."""

from collections.abc import Set
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import fx

from clusterability.errors import GraphError
from clusterability.graph.draft import DraftGraph, DraftLayer, Values

EXAMPLES_AT_ONCE = 500
_ROUNDING = 1e-12  # a variance below this share of the mean square is rounding


def contributions(draft: DraftGraph, traced: fx.GraphModule, inputs: torch.Tensor) -> list[np.ndarray]:
    """Return, for each block, the weights in units of spread: how far the source moves the target.

    Entry (i, j) is |W[i, j]| sd(a_i) / sd(z_j): a_i is what the weight multiplies, z_j the target's value
    before its nonlinearity, over all examples (and places, in convolutions). It is 0 where z_j is constant
    or j is dead: others read it, but its activation is constant. This is |W| sd(a) of the network whose
    units have been rescaled to spread 1 before their nonlinearity; so it does not change when a ReLU unit's
    incoming weights are multiplied by a number and its outgoing ones divided by it.

    inputs: (examples, ...), as the module takes them, gone through once in double precision.
    """
    targets = {id(layer): _preactivation(layer) for layer in draft.layers if layer.width}
    wanted = {block.consumed for block in draft.blocks} | set(targets.values())
    spreads = _spreads(traced, wanted, inputs)
    sources = [spreads[block.consumed][block.channels] for block in draft.blocks]
    largest: dict[int, np.ndarray] = {}  # of a layer's units, over all that read them
    for block, source in zip(draft.blocks, sources, strict=True):
        largest[block.source] = np.maximum(largest.get(block.source, 0), source)
    result = []
    for block, source in zip(draft.blocks, sources, strict=True):
        target = spreads[targets[id(draft.layers[block.target])]]
        alive = (target > 0) & (largest.get(block.target, np.ones_like(target)) > 0)
        inverse = np.where(alive, 1 / np.where(alive, target, 1), 0)
        result.append(np.abs(block.matrix) * source[:, None] * inverse)
    return result


def _preactivation(layer: DraftLayer) -> Values:
    assert layer.width is not None, "settled by now"
    return Values(node=layer.preactivation, num_channels=layer.width)


@dataclass(slots=True)
class Moments:
    """Sums over examples and places, for each channel, in double precision."""

    count: int = 0
    total: np.ndarray | float = 0.0
    squares: np.ndarray | float = 0.0

    def add(self, values: torch.Tensor, num_channels: int) -> None:
        """Count values of shape (examples, channels, ...), or with what follows folded into the channels."""
        channels = values.reshape(len(values), num_channels, -1).double()
        self.count += channels.shape[0] * channels.shape[2]
        self.total = self.total + channels.sum(dim=(0, 2)).cpu().numpy()
        self.squares = self.squares + channels.square().sum(dim=(0, 2)).cpu().numpy()

    def mean(self) -> np.ndarray:
        """Return the mean of each channel."""
        return np.asarray(self.total) / self.count

    def spread(self) -> np.ndarray:
        """Return the standard deviation of each channel; 0 where it is rounding."""
        mean_square = np.asarray(self.squares) / self.count
        variance = mean_square - (np.asarray(self.total) / self.count) ** 2
        return np.sqrt(np.where(variance > _ROUNDING * mean_square, variance, 0))


@dataclass(slots=True)
class _Recorder:
    """Collects the moments of the values wanted as the module runs."""

    wanted: dict[fx.Node, list[Values]]
    moments: dict[Values, Moments] = field(default_factory=dict)

    def record(self, node: fx.Node, result: torch.Tensor) -> None:
        for values in self.wanted.get(node, []):
            self.moments.setdefault(values, Moments()).add(result, values.num_channels)


class _RecordingInterpreter(fx.Interpreter):
    def __init__(self, module: fx.GraphModule, recorder: _Recorder):
        super().__init__(module)
        self.recorder = recorder

    def run_node(self, n: fx.Node) -> object:
        result = super().run_node(n)
        if isinstance(result, torch.Tensor):
            self.recorder.record(n, result)
        return result


@torch.no_grad()
def _spreads(traced: fx.GraphModule, wanted: Set[Values], inputs: torch.Tensor) -> dict[Values, np.ndarray]:
    """Return the standard deviation of each channel of the values wanted."""
    precise = deepcopy(traced).cpu().double().eval()
    names = {node.name: node for node in precise.graph.nodes}  # the copy has nodes of its own
    copies = {Values(node=names[v.node.name], num_channels=v.num_channels): v for v in wanted}
    by_node: dict[fx.Node, list[Values]] = {}
    for copy in copies:
        by_node.setdefault(copy.node, []).append(copy)
    recorder = _Recorder(wanted=by_node)
    interpreter = _RecordingInterpreter(precise, recorder)
    for batch in inputs.split(EXAMPLES_AT_ONCE):
        interpreter.run(batch.cpu().double())
    spreads = {copies[values]: moments.spread() for values, moments in recorder.moments.items()}
    if not all(np.isfinite(spread).all() for spread in spreads.values()):
        raise GraphError("weighting 'contribution': the activations over these inputs are not finite")
    return spreads
