"""From a torch module to its weight graph."""

from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from clusterability.errors import GraphError, unknown_name
from clusterability.graph.activations import contributions
from clusterability.graph.draft import DraftGraph
from clusterability.graph.module_reader import read_module
from clusterability.graph.weight_graph import Block, KernelNorm, WeightGraph, Weighting

KeptLayers = Literal["paper", "all"]


def module_graph(
    module: nn.Module,
    inputs: Any,
    *,
    weighting: Weighting,
    kernel_norm: KernelNorm,
    kept_layers: KeptLayers,
) -> WeightGraph:
    """Read a module as `WeightGraph.from_module` says."""
    for name, value, allowed in (
        ("weighting", weighting, ("weights", "contribution")),
        ("kernel_norm", kernel_norm, ("l1", "l2")),
        ("kept_layers", kept_layers, ("paper", "all")),
    ):
        if value not in allowed:
            raise GraphError(unknown_name(name, value, allowed))
    draft, traced = read_module(module, kernel_norm)
    if weighting == "contribution":
        if not isinstance(inputs, torch.Tensor) or len(inputs) < 2:
            raise GraphError("weighting 'contribution' needs a tensor of at least two inputs")
        matrices = contributions(draft, traced, inputs)
    else:
        matrices = [_scaled(block.matrix, block.row_scale) for block in draft.blocks]
    return _assemble(draft, matrices, weighting, kernel_norm, kept_layers)


def _assemble(
    draft: DraftGraph,
    matrices: list[np.ndarray],
    weighting: Weighting,
    kernel_norm: KernelNorm,
    kept_layers: KeptLayers,
) -> WeightGraph:
    has_convolutions = any(layer.kind == "convolution" for layer in draft.layers)
    convolutions_only = has_convolutions and kept_layers == "paper"
    kept = [
        index
        for index, layer in enumerate(draft.layers)
        if layer.width and (layer.kind == "convolution" or not convolutions_only)
    ]
    place = {layer: new for new, layer in enumerate(kept)}
    blocks = [
        Block(
            source=place[block.source],
            target=place[block.target],
            matrix=matrix,
            kernel_area=block.kernel_area,
            kernel_norm=kernel_norm,
            places=block.places,
            is_skip=block.is_skip,
        )
        for block, matrix in zip(draft.blocks, matrices, strict=True)
        if block.source in place and block.target in place
    ]
    if not blocks:
        raise GraphError(
            "no convolution reads another one's filters; kept_layers='all' keeps the other layers"
        )
    layers = [draft.layers[index] for index in kept]
    return WeightGraph.from_blocks(
        blocks, [layer.width or 0 for layer in layers], [layer.name for layer in layers], weighting
    )


def _scaled(matrix: np.ndarray, row_scale: np.ndarray | None) -> np.ndarray:
    return matrix if row_scale is None else matrix * row_scale[:, None]
