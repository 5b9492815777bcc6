"""What a torch module is as a weight graph: it is traced once and read under any weighting."""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from torch import fx, nn

from clusterability.errors import GraphError, unknown_name
from clusterability.graph.activations import contributions
from clusterability.graph.block import Block, KernelNorm, Weighting
from clusterability.graph.draft import DraftGraph, KeptLayers, kept_layers
from clusterability.graph.inputs import checked_inputs
from clusterability.graph.module_reader import read_module
from clusterability.graph.normalised import normalised_weights, scaled_rows
from clusterability.graph.reading import Reading
from clusterability.graph.unit_values import HiddenLayer, hidden_layer


class TracedModule:
    """The layers and blocks of a module, as `WeightGraph.from_module` describes them."""

    def __init__(
        self,
        module: nn.Module,
        *,
        kernel_norm: KernelNorm = "l1",
        kept_layers: KeptLayers = "paper",
        inputs: Any = None,
    ) -> None:
        """Trace and read a module, for inputs of the shape given, or of one that its weights fit.

        Raises:
            GraphError: an unknown option, or a layer that cannot be read, by its name.
        """
        _require("kernel_norm", kernel_norm, ("l1", "l2"))
        _require("kept_layers", kept_layers, ("paper", "all"))
        self.module = module
        """The module itself."""
        self._kernel_norm: KernelNorm = kernel_norm
        self._kept_layers: KeptLayers = kept_layers
        example = None if inputs is None else checked_inputs(inputs, fewest=1)[:1]
        self._draft, self._traced = read_module(module, kernel_norm, example)

    @property
    def trace(self) -> fx.GraphModule:
        """A copy of the module in evaluation mode as the nodes that it was read from."""
        return self._traced

    def hidden_layers(
        self, layer_names: Sequence[str], full_widths: Sequence[int]
    ) -> tuple[HiddenLayer | None, ...]:
        """Return where the units of a graph's layers are read; None for inputs and for outputs.

        The layers are those of a `WeightGraph` of this module, with either choice of `kept_layers`.

        Raises:
            GraphError: the layers are not this module's.
            LesionError: a layer is hidden and an output at once.
        """
        wanted = list(zip(layer_names, full_widths, strict=True))
        found = []
        for choice in get_args(KeptLayers):
            kept = kept_layers(self._draft, choice)
            layers = [self._draft.layers[layer] for layer in kept]
            found.append([(layer.name, layer.width) for layer in layers])
            if found[-1] == wanted:
                return tuple(hidden_layer(self._draft, layer) for layer in kept)
        allowed = " or ".join(dict.fromkeys(map(_listed, found)))
        raise GraphError(
            f"the graph is not this module's: got layers {_listed(wanted)}, "
            f"allowed: {allowed}, as WeightGraph.from_module reads them"
        )

    def reading(self, weighting: Weighting, inputs: Any = None) -> Reading:
        """Return the module's blocks of weights, normalised or not, or of contributions over `inputs`.

        Args:
            weighting: as `WeightGraph.from_module`.
            inputs: (examples, ...), for contributions only.

        Raises:
            GraphError: an unknown weighting, no inputs for contributions, no block between kept layers, or
                units that cannot be normalised.
        """
        _require("weighting", weighting, get_args(Weighting))
        if weighting == "contribution":
            if inputs is None:
                raise GraphError("weighting 'contribution': got no inputs, allowed: two examples or more")
            matrices = contributions(self._draft, self._traced, checked_inputs(inputs, fewest=2))
        elif weighting == "normalised":
            matrices = normalised_weights(self._draft)
        else:
            matrices = [scaled_rows(block.matrix, block.row_scale) for block in self._draft.blocks]
        return _assemble(self._draft, matrices, weighting, self._kernel_norm, self._kept_layers)


def _require(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise GraphError(unknown_name(name, value, allowed))


def _assemble(
    draft: DraftGraph,
    matrices: list[np.ndarray],
    weighting: Weighting,
    kernel_norm: KernelNorm,
    choice: KeptLayers,
) -> Reading:
    kept = kept_layers(draft, choice)
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
    return Reading(
        blocks=tuple(blocks),
        widths=tuple(layer.width for layer in layers),
        layer_names=tuple(layer.name for layer in layers),
        weighting=weighting,
    )


def _listed(layers: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} ({width})" for name, width in layers)
