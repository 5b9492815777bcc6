"""The graph of a module while it is being read: layers, blocks, and the signals that flow between them."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from torch import fx

from clusterability.errors import GraphError
from clusterability.graph.kernels import Kernel
from clusterability.graph.signal import Signal, layer_ids, whole_axis
from clusterability.graph.unit_rows import rows_of_units

LayerKind = Literal["input", "convolution", "linear"]
KeptLayers = Literal["paper", "all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """A tensor of the module and the axis along which its units lie."""

    node: fx.Node
    axis: int
    size: int
    """Positions along the axis."""


@dataclass(kw_only=True, slots=True)
class DraftLayer:
    """Units: the input's channels or pixels, or the outputs of a layer or of a sum of layers."""

    name: str
    kind: LayerKind
    width: int
    """Units; 0 for an input that nothing has read yet, and for a layer merged into another."""
    preactivation: Values
    """Where the units' values are, before any nonlinearity; the input's are read elsewhere."""
    bias: np.ndarray
    """What is added to each unit's weighted inputs, batch norm right behind the layer included."""
    is_output: bool = False
    """The network returns these units' values."""
    unscalable: str | None = None
    """What is done to these units that is not positively homogeneous, such as a Tanh; None: nothing."""


@dataclass(kw_only=True, slots=True)
class DraftBlock:
    """Weights from one layer's units to another's."""

    source: int
    target: int
    matrix: np.ndarray
    """Entries, (units of source, units of target), without `row_scale`."""
    row_scale: np.ndarray | None
    """Factor of each source unit, from a batch norm behind a nonlinearity; None: ones."""
    consumed: Values
    """The values that these weights multiply, `row_scale` included."""
    positions: np.ndarray
    """Where each of the source's units lies along the axis of those values, (units, places); -1: nowhere."""
    kernel_area: int
    places: np.ndarray | None
    is_skip: bool
    lengths: np.ndarray | None
    """L2 norm of the weights behind each entry; None: |entry|."""
    is_tie: bool
    """An identity skip that nothing scales, so that its two units have one scale."""
    layer: str | None
    """Name of torch's own layer that holds the weights as they are; None: no layer does."""
    foldings: list[str] = field(default_factory=list)
    """What has been multiplied into the weights: batch norms by their names, operations by theirs."""


@dataclass(kw_only=True, slots=True)
class DraftGraph:
    """Layers and blocks read so far."""

    layers: list[DraftLayer] = field(default_factory=list)
    blocks: list[DraftBlock] = field(default_factory=list)

    def add_layer(
        self, name: str, kind: LayerKind, values: Values, shape: tuple[int, ...], bias: np.ndarray
    ) -> Signal:
        """Add a layer and return the signal of its outputs, found in a tensor of this shape."""
        self.layers.append(
            DraftLayer(name=name, kind=kind, width=values.size, preactivation=values, bias=bias)
        )
        return self.outputs_of(len(self.layers) - 1, shape, values.axis)

    def outputs_of(self, layer: int, shape: tuple[int, ...], axis: int) -> Signal:
        """Return the signal of a layer's bare outputs, which lie along an axis of a tensor."""
        width = shape[axis]
        return Signal(
            ids=layer_ids(shape, axis),
            layers=np.full(width, layer),
            units=np.arange(width),
            scales=np.ones(width),
            is_linear=True,
            is_exclusive=True,
        )

    def owned_layer(self, signal: Signal) -> tuple[int, int] | None:
        """Return the layer whose bare outputs a signal is and their axis, if nothing else reads them."""
        if not (signal.is_linear and signal.is_exclusive) or (signal.scales != 1).any():
            return None
        layer = int(signal.layers[0])
        if (signal.layers != layer).any() or self.layers[layer].kind == "input":
            return None
        axis = whole_axis(signal, self.layers[layer].width)
        return None if axis is None else (layer, axis)

    def fold(self, layer: int, factor: np.ndarray, bias: np.ndarray, values: Values, name: str) -> None:
        """Multiply each unit's incoming weights by a factor, and let `bias` be its bias from now on.

        Its value is now found at `values`; `name` is what has been folded.
        """
        for block in self.blocks:
            if block.target == layer:
                block.matrix = block.matrix * factor
                block.lengths = None if block.lengths is None else block.lengths * np.abs(factor)
                block.is_tie = False
                block.foldings.append(name)
        self.layers[layer].bias = bias
        self.layers[layer].preactivation = values

    def mark_unscalable(self, signal: Signal, what: str) -> None:
        """Remember the first thing done to the units of a signal that is not positively homogeneous."""
        for layer in self.layers_of(signal):
            layer.unscalable = layer.unscalable or what

    def layers_of(self, signal: Signal) -> list[DraftLayer]:
        """Return the layers whose units a signal holds."""
        return [self.layers[index] for index in indices_of_layers(signal)]

    def merge(self, kept: int, gone: int, label: str) -> None:
        """Let two layers whose outputs are added be one layer."""
        for block in self.blocks:
            if block.target == gone:
                block.target = kept
                self._require_alone(block, label)
        self.layers[kept].bias = self.layers[kept].bias + self.layers[gone].bias
        self.layers[gone].width, self.layers[gone].bias = 0, np.zeros(0)

    def add_blocks(
        self,
        signal: Signal,
        target: int,
        kernel: Kernel,
        consumed: Values,
        label: str,
        layer: str | None = None,
        is_skip: bool = False,
    ) -> None:
        """Add the blocks of a kernel that reads a signal: one for each layer whose units it holds.

        Raises:
            GraphError: a layer whose units the kernel cannot tell apart, or that the target reads already.
        """
        entries = signal.along(consumed.axis)
        order = dict.fromkeys(signal.layers[entries[entries >= 0]].tolist())
        for source in order:
            rows = rows_of_units(
                signal, entries, source, self.layers[source].width, f"{label}: {self.layers[source].name!r}"
            )
            matrix, lengths = kernel.of_rows(rows.positions)
            self._add(
                DraftBlock(
                    source=source,
                    target=target,
                    matrix=matrix,
                    row_scale=None if (rows.scale == 1).all() else rows.scale,
                    consumed=consumed,
                    positions=rows.positions,
                    kernel_area=kernel.area * rows.positions.shape[1],
                    places=kernel.places_of_rows(rows.positions),
                    is_skip=is_skip,
                    lengths=lengths,
                    is_tie=is_skip and bool((rows.scale == 1).all() and np.isin(matrix, (0, 1)).all()),
                    layer=layer if len(order) == 1 and rows.are_whole else None,
                ),
                label,
            )

    def _add(self, block: DraftBlock, label: str) -> None:
        self._require_alone(block, label)
        self.blocks.append(block)

    def _require_alone(self, new: DraftBlock, label: str) -> None:
        """Require that no other kernel joins the same units; an identity skip and weights may.

        Raises:
            GraphError: two kernels read the same units for one sum, of which neither is the edge.
        """
        for block in self.blocks:
            ends = (block.source, block.target, block.is_skip)
            if block is new or ends != (new.source, new.target, new.is_skip):
                continue
            if ((block.positions >= 0).any(axis=1) & (new.positions >= 0).any(axis=1)).any():
                raise GraphError(
                    f"{label} adds two values that both read the units of {self.layers[new.source].name!r}; "
                    "it cannot be read as a weight graph"
                )


def kept_layers(draft: DraftGraph, choice: KeptLayers) -> list[int]:
    """Return the layers that are layers of the graph; "paper": convolutions alone, where there are any."""
    has_convolutions = any(layer.kind == "convolution" for layer in draft.layers)
    return [
        index
        for index, layer in enumerate(draft.layers)
        if layer.width and (layer.kind == "convolution" or choice == "all" or not has_convolutions)
    ]


def indices_of_layers(signal: Signal) -> list[int]:
    """Return the layers whose units a signal holds; elements of the input are the input layer's."""
    return np.unique(np.maximum(signal.layers[signal.present], 0)).tolist()


def moved_by(signal: Signal, factors: np.ndarray) -> Signal:
    """Return the signal with each entry times a factor, which the next layer's weights will take up."""
    return replace(signal, scales=signal.scales * factors, is_exclusive=False)
