"""Weight graphs out of files: safetensors, torch state dicts, npz. Nothing in a file is ever executed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from clusterability.errors import CheckpointError, GraphError
from clusterability.graph.block import KernelNorm, Weighting
from clusterability.graph.files.accounting import elements_of
from clusterability.graph.files.bare_modules import refuse_bare_modules
from clusterability.graph.files.chain import require_chain, require_one_reading
from clusterability.graph.files.choosing import chosen_tensors
from clusterability.graph.files.elements import Element, Weights
from clusterability.graph.files.npz_file import as_tensors, is_state_dict, ordered_matrices
from clusterability.graph.files.opening import SUFFIXES, open_arrays, open_tensors, without_order
from clusterability.graph.files.orders import is_sorted_by_name, only_order
from clusterability.graph.files.rebuilt import BatchNormSettings, rebuilt_chain
from clusterability.graph.files.same_network import require_one_network
from clusterability.graph.from_module import KeptLayers, TracedModule
from clusterability.graph.reading import Reading, chain_reading

_TAKEN_FOR_RELU = "normalised as a network of ReLU units: the file does not say what lies between its layers"


def read_checkpoint(
    path: str | Path,
    *,
    weighting: Weighting,
    kernel_norm: KernelNorm,
    kept_layers: KeptLayers,
    only: Sequence[str] = (),
    batch_norm: BatchNormSettings | None = None,
) -> Reading:
    """Read a checkpoint as `WeightGraph.from_checkpoint` says."""
    path = Path(path)
    if weighting not in ("weights", "normalised"):
        raise CheckpointError(f"weighting: got {weighting!r}, allowed for a file: weights, normalised")
    if not path.is_file():
        raise CheckpointError(f"checkpoint {str(path)!r}: there is no such file")
    if not path.name.endswith(SUFFIXES):
        allowed = ", ".join(SUFFIXES)
        raise CheckpointError(f"checkpoint {str(path)!r}: got suffix {path.suffix!r}, allowed: {allowed}")
    try:
        if path.suffix == ".npz":
            arrays = open_arrays(path)
            if not is_state_dict(list(arrays)):
                return _of_matrices(ordered_matrices(arrays), weighting)
            stored = without_order(as_tensors(arrays))
        else:
            stored = open_tensors(path)
        tensors = chosen_tensors(stored, only)
        if not only:
            for place, held in stored.mappings.items():
                refuse_bare_modules(stored.modules.get(place, {}), held)
        elements = _chain(tensors, stored.has_order)
        module, names = rebuilt_chain(elements, batch_norm or BatchNormSettings())
        traced = TracedModule(module, kernel_norm=kernel_norm, kept_layers=kept_layers)
        reading = _noted(traced.reading(weighting))
    except GraphError as error:
        raise CheckpointError(f"checkpoint {str(path)!r}: {error}") from error
    return replace(reading, layer_names=tuple(names.get(name, name) for name in reading.layer_names))


def _of_matrices(matrices: Sequence[np.ndarray], weighting: Weighting) -> Reading:
    """Return the reading of bare weight matrices, each (fan_in, fan_out)."""
    reading = chain_reading(matrices)
    if weighting == "weights":
        return reading
    elements = [Weights(name="", weight=torch.tensor(block.matrix.T), bias=None) for block in reading.blocks]
    module, _ = rebuilt_chain(elements, BatchNormSettings())
    return replace(_noted(TracedModule(module).reading(weighting)), layer_names=reading.layer_names)


def _noted(reading: Reading) -> Reading:
    return replace(reading, note=_TAKEN_FOR_RELU) if reading.weighting == "normalised" else reading


def _chain(tensors: Mapping[str, torch.Tensor], has_order: bool) -> list[Element]:
    """Return the one chain of layers that the tensors are of."""
    elements = elements_of(tensors)
    require_one_network(elements)
    if has_order and not is_sorted_by_name(list(tensors)):
        require_chain(elements)
    else:
        elements = only_order(elements)
    require_one_reading(elements)
    return elements
