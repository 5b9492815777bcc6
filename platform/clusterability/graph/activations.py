"""The spread of units' activations over data, and the contributions of weights."""

from collections.abc import Set
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import fx

from clusterability.errors import GraphError, first_line
from clusterability.graph.draft import DraftGraph, Values

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
    targets = [draft.layers[block.target].preactivation for block in draft.blocks]
    moments = _moments(traced, {block.consumed for block in draft.blocks} | set(targets), inputs)
    sources = [moments[block.consumed].of_units(block.positions)[1] for block in draft.blocks]
    if not all(np.isfinite(spread).all() for spread in sources):
        raise GraphError("weighting 'contribution': the activations over these inputs are not finite")
    largest: dict[int, np.ndarray] = {}  # of a layer's units, over all that read them
    for block, source in zip(draft.blocks, sources, strict=True):
        largest[block.source] = np.maximum(largest.get(block.source, 0), source)
    result = []
    for block, source, values in zip(draft.blocks, sources, targets, strict=True):
        target = moments[values].spread()
        if not np.isfinite(target).all():
            raise GraphError("weighting 'contribution': the activations over these inputs are not finite")
        alive = (target > 0) & (largest.get(block.target, np.ones_like(target)) > 0)
        inverse = np.where(alive, 1 / np.where(alive, target, 1), 0)
        result.append(np.abs(block.matrix) * source[:, None] * inverse)
    return result


@dataclass(slots=True)
class Moments:
    """Sums over examples and places, for each position of a unit, in double precision."""

    axis: int
    """Axis along which units lie."""
    count: int = 0
    total: np.ndarray | float = 0.0
    squares: np.ndarray | float = 0.0

    def add(self, values: torch.Tensor) -> None:
        """Count more values."""
        others = [axis for axis in range(values.ndim) if axis != self.axis]
        values = values.double()
        self.count += values.numel() // values.shape[self.axis]
        self.total = self.total + values.sum(dim=others).cpu().numpy()
        self.squares = self.squares + values.square().sum(dim=others).cpu().numpy()

    def of_units(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the spread of each unit over all its places.

        positions: shape (units, places), -1 for a unit that is nowhere, whose spread is 0.
        """
        mean, mean_square = (
            np.where(positions >= 0, np.asarray(sums)[positions], 0).mean(axis=1) / self.count
            for sums in (self.total, self.squares)
        )
        return mean, _spread(mean, mean_square)

    def of_labels(self, labels: np.ndarray, num_units: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the spread of each unit; labels: the unit at each position."""
        counts = np.maximum(np.bincount(labels, minlength=num_units), 1) * self.count
        mean, mean_square = (
            np.bincount(labels, weights=np.asarray(sums), minlength=num_units) / counts
            for sums in (self.total, self.squares)
        )
        return mean, _spread(mean, mean_square)

    def spread(self) -> np.ndarray:
        """Return the standard deviation at each position; 0 where it is rounding."""
        return _spread(np.asarray(self.total) / self.count, np.asarray(self.squares) / self.count)


def _spread(mean: np.ndarray, mean_square: np.ndarray) -> np.ndarray:
    variance = mean_square - mean**2
    return np.sqrt(np.where(variance <= _ROUNDING * mean_square, 0, variance))  # NaN stays NaN


@dataclass(slots=True)
class _Recorder:
    """Collects the moments of the values wanted as the module runs."""

    wanted: dict[fx.Node, list[Values]]
    moments: dict[Values, Moments] = field(default_factory=dict)

    def record(self, node: fx.Node, result: torch.Tensor) -> None:
        for values in self.wanted.get(node, []):
            self.moments.setdefault(values, Moments(axis=values.axis)).add(result)


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
def _moments(traced: fx.GraphModule, wanted: Set[Values], inputs: torch.Tensor) -> dict[Values, Moments]:
    """Return the sums over the inputs of the values wanted."""
    precise = deepcopy(traced).cpu().double().eval()
    names = {node.name: node for node in precise.graph.nodes}  # the copy has nodes of its own
    copies = {replace(values, node=names[values.node.name]): values for values in wanted}
    by_node: dict[fx.Node, list[Values]] = {}
    for copy in copies:
        by_node.setdefault(copy.node, []).append(copy)
    recorder = _Recorder(wanted=by_node)
    interpreter = _RecordingInterpreter(precise, recorder)
    for batch in inputs.split(EXAMPLES_AT_ONCE):
        try:
            interpreter.run(batch.cpu().double())
        except Exception as error:  # the module's own code, which may raise anything
            raise GraphError(
                f"inputs: got shape {tuple(inputs.shape)}, which the module does not take in evaluation: "
                f"{first_line(error)}"
            ) from error
    return {copies[values]: moments for values, moments in recorder.moments.items()}
