"""The graph of a module while it is being read: layers, blocks, and the signals that flow between them."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from torch import fx

from clusterability.errors import GraphError
from clusterability.graph.kernels import Kernel

LayerKind = Literal["input", "convolution", "linear"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """A tensor of the module, (examples, channels, ...) or with what follows folded into the channels."""

    node: fx.Node
    num_channels: int


@dataclass(kw_only=True, slots=True)
class DraftLayer:
    """Units: the input's channels or pixels, or the outputs of a layer or of a sum of layers."""

    name: str
    kind: LayerKind
    width: int | None
    """Units; None for an input that nothing has read yet."""
    preactivation: fx.Node
    """Where the units' values are, before any nonlinearity."""
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
    consumed: "Values"
    """The values that these weights multiply, `row_scale` included."""
    channels: slice
    """Which channels of those values are the source's units."""
    kernel_area: int
    places: np.ndarray | None
    is_skip: bool
    lengths: np.ndarray | None
    """L2 norm of the weights behind each entry; None: |entry|."""
    is_tie: bool
    """An identity skip that nothing scales, so that its two units have one scale."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Some channels of a signal: one layer's units, each times a factor."""

    layer: int
    scale: np.ndarray | None = None
    """Factor of each unit, shape (units,); None: ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """What the channels of a tensor are: units of layers, one segment after the other."""

    segments: tuple[Segment, ...]
    is_linear: bool = False
    """No nonlinearity since the last layer, so what is folded or added next still belongs to it."""
    is_flat: bool = False
    """Height and width have been folded into the channels: each channel is a run of features."""


@dataclass(kw_only=True, slots=True)
class DraftGraph:
    """Layers and blocks read so far."""

    layers: list[DraftLayer] = field(default_factory=list)
    blocks: list[DraftBlock] = field(default_factory=list)

    def add_layer(
        self, name: str, kind: LayerKind, width: int | None, node: fx.Node, bias: np.ndarray | None = None
    ) -> Signal:
        """Add a layer and return the signal of its outputs; no bias: zeros."""
        bias = np.zeros(width or 0) if bias is None else bias
        self.layers.append(DraftLayer(name=name, kind=kind, width=width, preactivation=node, bias=bias))
        return Signal(segments=(Segment(layer=len(self.layers) - 1),), is_linear=True)

    def width_of(self, segment: Segment) -> int:
        """Return the units of a segment, all known once something has read the input."""
        width = self.layers[segment.layer].width
        if width is None:
            raise GraphError("the input is used before a layer with weights has read it")
        return width

    def settle_input(self, signal: Signal, width: int) -> None:
        """Let an input that nothing has read yet be this wide."""
        layer = self.layers[signal.segments[0].layer]
        if layer.width is None:
            layer.width = width

    def scaled(self, signal: Signal, factor: np.ndarray) -> Signal:
        """Return the signal with each channel times a factor, which the next layer's weights will take up."""
        segments, first = [], 0
        for segment in signal.segments:
            last = first + self.width_of(segment)
            own = factor[first:last] if segment.scale is None else segment.scale * factor[first:last]
            segments.append(replace(segment, scale=own))
            first = last
        return replace(signal, segments=tuple(segments))

    def owned_layer(self, signal: Signal, node: fx.Node) -> int | None:
        """Return the layer whose bare outputs this signal is, if nothing else reads them at `node`."""
        (segment, *others) = signal.segments
        bare = signal.is_linear and not others and segment.scale is None and len(node.users) == 1
        return segment.layer if bare and self.layers[segment.layer].kind != "input" else None

    def fold(self, layer: int, factor: np.ndarray, bias: np.ndarray, node: fx.Node) -> None:
        """Multiply each unit's incoming weights by a factor, and let `bias` be its bias from now on.

        Its value is now found at `node`.
        """
        for block in self.blocks:
            if block.target == layer:
                block.matrix = block.matrix * factor
                block.lengths = None if block.lengths is None else block.lengths * np.abs(factor)
                block.is_tie = False
        self.layers[layer].bias = bias
        self.layers[layer].preactivation = node

    def mark_unscalable(self, signal: Signal, what: str) -> None:
        """Remember the first thing done to the units of a signal that is not positively homogeneous."""
        for segment in signal.segments:
            layer = self.layers[segment.layer]
            layer.unscalable = layer.unscalable or what

    def merge(self, kept: int, gone: int, node: fx.Node) -> None:
        """Let two layers whose outputs are added be one layer; its value is found at `node`."""
        for block in self.blocks:
            if block.target == gone:
                block.target = kept
        self.layers[kept].bias = self.layers[kept].bias + self.layers[gone].bias
        self.layers[gone].width, self.layers[gone].bias = 0, np.zeros(0)
        self.layers[kept].preactivation = node

    def add_blocks(
        self, signal: Signal, target: int, kernel: Kernel, node: fx.Node, is_skip: bool = False
    ) -> None:
        """Add the blocks of a kernel that reads a signal, found at `node`: one for each of its segments."""
        consumed = Values(node=node, num_channels=kernel.matrix.shape[0])
        first = 0
        for segment in signal.segments:
            last = first + self.width_of(segment)
            self.blocks.append(
                DraftBlock(
                    source=segment.layer,
                    target=target,
                    matrix=kernel.matrix[first:last],
                    row_scale=segment.scale,
                    consumed=consumed,
                    channels=slice(first, last),
                    kernel_area=kernel.area,
                    places=None if kernel.places is None else kernel.places[first:last],
                    is_skip=is_skip,
                    lengths=None if kernel.lengths is None else kernel.lengths[first:last],
                    is_tie=is_skip and segment.scale is None,
                )
            )
            first = last
