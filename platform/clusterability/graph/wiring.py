"""How the units of a network are wired: which layers there are and which kernels lie between them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from clusterability.errors import GraphError
from clusterability.graph.draft import DraftBlock, DraftGraph, DraftLayer, kept_layers
from clusterability.graph.half_precision import computed_in
from clusterability.graph.live_weight import live_weight, submodule
from clusterability.graph.module_reader import read_module
from clusterability.graph.shapes import own_name

KERNELS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """A kernel, or an identity skip, between two layers of units."""

    source: int
    """Layer that it reads from."""
    target: int
    """Layer that it writes to."""
    kernel: str | None
    """Name of the linear or convolutional module; none: an identity skip."""
    norm: str | None
    """Name of the batch norm between the kernel and the units, to be folded into it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tap:
    """The input or the output of a module."""

    module: str
    """The module's name."""
    is_input: bool
    """Whether it is what the module gets, or else what it gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wiring:
    """Layers of units and the wires between them."""

    widths: tuple[int, ...]
    """Units (or channels) of each layer."""
    names: tuple[str, ...]
    """What each layer is called: "inputs" or its kernel's name."""
    taps: tuple[Tap | None, ...]
    """Where each layer's values before the nonlinearity can be seen; none: nowhere (a network's inputs)."""
    wires: tuple[Wire, ...]


def read_wiring(module: nn.Module) -> Wiring:
    """Return a module's layers of units as `WeightGraph.from_module` reads them, and where their weights are.

    A network of linear layers has its inputs as the first layer. A network with convolutions has one unit
    per channel of each convolution; its input channels and its dense head are left out. What is added to a
    layer's output before its nonlinearity belongs to that layer: a projection's kernel then leads to it, and
    an earlier layer's output that is added as it is does so by an identity wire (METHODS of Filan et al.
    2021, section 2, for chains; skips are ours).

    Raises:
        GraphError: a module that cannot be read, or whose weights cannot be followed while they are trained;
            the message names the place.
    """
    draft, _ = read_module(module, "l1")
    kept = kept_layers(draft, "paper")
    number = {layer: index for index, layer in enumerate(kept)}
    blocks = [block for block in draft.blocks if block.source in number and block.target in number]
    if not blocks:
        raise GraphError("a weight graph needs at least one kernel between two layers, the module has none")
    return Wiring(
        widths=tuple(draft.layers[layer].width for layer in kept),
        names=tuple(_name(draft.layers[layer]) for layer in kept),
        taps=tuple(_tap(draft.layers[layer]) for layer in kept),
        wires=tuple(_wire(block, draft, module, number) for block in blocks),
    )


def _name(layer: DraftLayer) -> str:
    return "inputs" if layer.kind == "input" else layer.name


def _tap(layer: DraftLayer) -> Tap | None:
    node = layer.preactivation.node
    if layer.kind == "input":
        return None
    if node.op == "call_module":
        return Tap(module=own_name(node.target), is_input=False)
    reader = next(iter(node.users), None)
    if reader is not None and reader.op == "call_module":
        return Tap(module=own_name(reader.target), is_input=True)
    return None


def _wire(block: DraftBlock, draft: DraftGraph, module: nn.Module, number: Mapping[int, int]) -> Wire:
    """Return the wire of a block.

    Raises:
        GraphError: it is no kernel of one layer of torch's own, as it is or with a batch norm behind it.
    """
    target = draft.layers[block.target].name
    names = list(dict.fromkeys(block.foldings))
    norms = [name for name in names if isinstance(_part(module, name), NORMS)]
    source = draft.layers[block.source].name
    if block.row_scale is not None:
        raise GraphError(f"{target}: reads {source!r} behind a batch norm or factor that follows no kernel")
    if len(norms) < len(names) or len(norms) > 1:
        raise GraphError(f"{target}: got {', '.join(names)} behind its kernel, allowed: one batch norm")
    ends = {"source": number[block.source], "target": number[block.target]}
    if block.is_skip:
        if not np.array_equal(block.matrix, np.eye(len(block.matrix))):
            raise GraphError(f"{target}: adds {source!r}, allowed: all its units in order, without a factor")
        return Wire(**ends, kernel=None, norm=None)
    kernel = None if block.layer is None else _part(module, block.layer)
    if not isinstance(kernel, KERNELS) or block.kernel_area != math.prod(kernel.weight.shape[2:]):
        raise GraphError(
            f"{target}: penalties follow the weights of whole linear layers and convolutions, not those that "
            f"read {source!r} here"
        )
    if not isinstance(kernel, nn.Linear) and kernel.groups != 1:
        raise GraphError(f"{target}: a convolution in {kernel.groups} groups cannot be penalised")
    return Wire(**ends, kernel=block.layer, norm=norms[0] if norms else None)


def _part(module: nn.Module, name: str) -> Any:
    try:
        return submodule(module, name)
    except AttributeError:
        return None


def edge_matrix(wire: Wire, module: nn.Module, width: int) -> torch.Tensor:
    """Return the weights of a wire with gradient, shape (source units, target units); |.| are the edges'.

    A linear layer gives its weights. A convolution gives the L1 norm of each filter-to-filter slice. Batch
    norm scales them by gamma / sqrt(running_var + eps). An identity skip gives the identity of `width`. Half
    precision is computed in single precision.
    """
    if wire.kernel is None:
        parameter = next(module.parameters())
        return torch.eye(width, device=parameter.device, dtype=computed_in(parameter.dtype))
    kernel = live_weight(submodule(module, wire.kernel))
    matrix = kernel.T if kernel.dim() == 2 else kernel.abs().flatten(2).sum(dim=2).T
    if wire.norm is None:
        return matrix
    norm: Any = submodule(module, wire.norm)
    factor = (norm.running_var + norm.eps).rsqrt()
    return matrix * (factor if norm.weight is None else norm.weight * factor)
