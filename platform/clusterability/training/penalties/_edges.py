"""Edge weights of a network's graph as torch tensors with gradient, to be penalised."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from clusterability.errors import GraphError
from clusterability.graph.half_precision import computed_in
from clusterability.graph.live_weight import submodule
from clusterability.graph.wiring import Wiring, edge_matrix, read_wiring
from clusterability.training.penalties._adjacency import NodeOrder

_MEMORY = 0.9  # weight of the past in the running standard deviations
_LEAST_SPREAD = 1e-6  # of the largest in the layer; less counts as none


class EdgeWeights(Protocol):
    """What a clusterability penalty sees of a network."""

    layout: NodeOrder

    def __call__(self) -> Sequence[torch.Tensor]:
        """Return a weight w for each edge |w|, block by block, shape (source units, target units)."""
        ...


class RawEdges:
    """The kernels themselves, the paper's weight graph; what is read and how, `read_wiring` says."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self.wiring = read_wiring(module)
        self.layout = NodeOrder(
            widths=self.wiring.widths, blocks=tuple((wire.source, wire.target) for wire in self.wiring.wires)
        )

    def __call__(self) -> list[torch.Tensor]:
        """Return the weights of each wire, shape (source units, target units)."""
        return [
            edge_matrix(wire, self._module, self.wiring.widths[wire.source]) for wire in self.wiring.wires
        ]

    def leaves(self) -> list[torch.Tensor] | None:
        """Return the parameter of each wire, shape (target units, source units), where all are just that."""
        layers = [submodule(self._module, wire.kernel) for wire in self.wiring.wires if wire.kernel]
        if any(wire.norm or not wire.kernel for wire in self.wiring.wires):
            return None
        weights = [layer.weight for layer in layers if isinstance(layer, nn.Linear)]
        is_plain = len(weights) == len(layers) and all(
            isinstance(weight, nn.Parameter) and weight.dtype in (torch.float32, torch.float64)
            for weight in weights
        )
        return weights if is_plain else None


class ContributionEdges:
    """How much of a unit's variation each of its inputs brings: |W_ik| sd(a_i) / sd(z_k).

    a_i is the activation that the weight carries and z_k the target's value before its nonlinearity. Unlike
    |W| this does not change when a ReLU unit is rescaled, and units that are never active have no edges. The
    deviations are taken over the examples (and, for channels, the places) of the training batches as they
    pass, so each call belongs to the batch last seen; their values are running means, their gradient is that
    of the current batch. With dropout they are those of the units as dropped. Equivalent to the weighting
    "contribution" of `WeightGraph.from_module`, but for the running means.
    """

    def __init__(self, module: nn.Module) -> None:
        self._raw = RawEdges(module)
        self.wiring = self._raw.wiring
        self.layout = self._raw.layout
        self._sources: dict[int, _Spread] = {}
        self._targets: dict[int, _Spread] = {}
        self._hooks: list[RemovableHandle] = []
        for wire in self.wiring.wires:
            if wire.kernel is not None and wire.source not in self._sources:
                spread = self._sources[wire.source] = _Spread()
                reader = submodule(module, wire.kernel)
                self._hooks.append(reader.register_forward_pre_hook(spread.see_input))
            if wire.target not in self._targets:
                spread = self._targets[wire.target] = _Spread()
                self._hooks.append(_tap(module, self.wiring, wire.target, spread))

    def state(self) -> list[torch.Tensor]:
        """Return the running deviations, in the order of the wires; empty ones before the first batch."""
        return [spread.running() for spread in self._spreads()]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned."""
        for spread, running in zip(self._spreads(), state, strict=True):
            spread.restore(running)

    def _spreads(self) -> list["_Spread"]:
        return [*self._sources.values(), *self._targets.values()]

    def remove_hooks(self) -> None:
        """Stop watching the module."""
        for hook in self._hooks:
            hook.remove()

    def __call__(self) -> list[torch.Tensor]:
        """Return the contributions of each wire, shape (source units, target units)."""
        return [
            _scaled(matrix, self._sources[wire.source].value(), self._inverse(wire.target))
            for wire, matrix in zip(self.wiring.wires, self._raw(), strict=True)
        ]

    def _inverse(self, layer: int) -> torch.Tensor:
        """Return 1 / sd(z) of a layer's units, 0 for those that are constant before or after the ReLU."""
        spread = self._targets[layer].value()
        alive = spread > 0
        if layer in self._sources:
            alive = alive & (self._sources[layer].value() > 0)
        return torch.where(alive, 1 / torch.where(alive, spread, 1), 0)


class _Spread:
    """Standard deviations of one layer's units, batch after batch."""

    def __init__(self) -> None:
        self._batch = torch.empty(0)
        self._running: torch.Tensor | None = None

    def value(self) -> torch.Tensor:
        if self._running is None:
            raise GraphError("contributions are known once the module, in training mode, has seen a batch")
        # A pixel lit once decays for ever: left in, its degree would become too small to be inverted.
        alive = self._running > _LEAST_SPREAD * self._running.max()
        return torch.where(alive, self._running + (self._batch - self._batch.detach()), 0)

    def running(self) -> torch.Tensor:
        return torch.empty(0) if self._running is None else self._running.clone()

    def restore(self, running: torch.Tensor) -> None:
        self._running = running if running.numel() else None

    def see_input(self, module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._see(module, inputs[0])

    def see_output(self, module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        self._see(module, output)

    def _see(self, module: nn.Module, values: torch.Tensor) -> None:
        if not module.training:
            return
        self._batch = _deviation(values)
        current = self._batch.detach()
        self._running = current if self._running is None else torch.lerp(current, self._running, _MEMORY)


def _tap(module: nn.Module, wiring: Wiring, layer: int, spread: _Spread) -> RemovableHandle:
    tap = wiring.taps[layer]
    if tap is None:
        raise GraphError(f"{wiring.names[layer]}: its sum must go into a module for its spread to be seen")
    tapped = submodule(module, tap.module)
    if tap.is_input:
        return tapped.register_forward_pre_hook(spread.see_input)
    return tapped.register_forward_hook(spread.see_output)


def _deviation(values: torch.Tensor) -> torch.Tensor:
    """Return each unit's standard deviation over all axes but 1; 0, with gradient 0, where constant."""
    values = values.to(computed_in(values.dtype))
    axes = [axis for axis in range(values.dim()) if axis != 1]
    # Two passes: torch's own variance is several times slower over the first axis. What rounding of the mean
    # leaves of a constant is no spread, and its inverse would be huge.
    mean = values.mean(dim=axes, keepdim=True)
    variance = (values - mean).square().mean(dim=axes)
    rounding = 16 * torch.finfo(values.dtype).eps * mean.detach().abs().flatten()
    varies = variance > rounding.square()
    return torch.where(varies, torch.where(varies, variance, 1).sqrt(), 0)


class _Scaled(torch.autograd.Function):
    """matrix[i, k] * rows[i] * columns[k], with half of autograd's passes over the matrix."""

    @staticmethod
    def forward(ctx: Any, matrix: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Scale."""
        ctx.save_for_backward(matrix, rows, columns)
        return (matrix * rows[:, None]).mul_(columns)

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the gradients of the matrix, the rows' and the columns' factors."""
        matrix, rows, columns = ctx.saved_tensors
        products = upstream[0] * matrix
        gradient = (upstream[0] * rows[:, None]).mul_(columns)
        return gradient, products @ columns, products.T @ rows


def _scaled(matrix: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    return _Scaled.apply(matrix, rows, columns)  # pyright: ignore[reportReturnType]
