"""Every tensor of a file accounted for: part of a layer that the graph is made of, harmless, or refused."""

import re
from collections.abc import Mapping

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.effective_weight import effective_bias, effective_weight
from clusterability.graph.files.elements import Element, Norm, Slope, Weights
from clusterability.graph.files.kinds import require_known_layer, require_readable
from clusterability.graph.files.names import WAY_OUT, split_name

_NORM_PARTS = {"running_mean", "running_var", "weight", "bias", "num_batches_tracked"}
_PRELU = re.compile(r"prelu", re.IGNORECASE)
_FACTOR = re.compile(r"scale|gain|gamma|alpha|temperature|norm|ln", re.IGNORECASE)

Parts = Mapping[str, torch.Tensor]


def elements_of(tensors: Mapping[str, torch.Tensor]) -> list[Element]:
    """Return the layers, batch norms and PReLUs that the tensors are of, in the order of the tensors.

    Harmless are whole numbers of no dimension (num_batches_tracked, n_averaged) and nothing else.

    Raises:
        CheckpointError: a tensor that is not understood, not finite, or of a layer that cannot be read.
    """
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        require_readable(name, tensor)
        layer, part = split_name(name)
        layers.setdefault(layer, {})[part] = tensor.detach()
    found = [_element(layer, parts) for layer, parts in layers.items()]
    elements = [element for element in found if element is not None]
    if not any(isinstance(element, Weights) for element in elements):
        raise CheckpointError("has no weight of a linear layer or a convolution")
    return elements


def _element(layer: str, parts: Parts) -> Element | None:
    for part, tensor in parts.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            wrong = int((~tensor.isfinite()).sum())
            raise CheckpointError(f"{_full(layer, part)!r}: {wrong} values are not finite")
    if "running_var" in parts or "running_mean" in parts:
        return _norm(layer, parts)
    found = effective_weight(layer, parts)
    if found is None:
        _refuse_rest(layer, parts, set())
        return None
    weight, used = found
    if not weight.isfinite().all():
        raise CheckpointError(f"layer {layer!r}: its norm is 0, so its weights are not finite")
    if weight.ndim < 2:
        _refuse_rest(layer, parts, used | {"bias"})
        return _slope(layer, weight, has_bias="bias" in parts)
    bias, used_by_bias = effective_bias(parts)
    _refuse_rest(layer, parts, used | used_by_bias)
    return _weights(layer, weight, bias)


def _full(layer: str, part: str) -> str:
    return f"{layer}.{part}" if layer else part


def _refuse_rest(layer: str, parts: Parts, used: set[str] | frozenset[str]) -> None:
    """Refuse what is left of a layer's tensors."""
    for part, tensor in parts.items():
        if part in used or (tensor.ndim == 0 and not tensor.is_floating_point()):
            continue
        name = _full(layer, part)
        if part in ("bias", "bias_orig", "bias_mask"):
            raise CheckpointError(f"{name!r} has no weight beside it: what it is of is not in the file")
        raise CheckpointError(
            f"{name!r} of shape {tuple(tensor.shape)} is of no layer that can be read from a file; "
            f"{WAY_OUT}, or choose layers with only= (--only)"
        )


def _weights(layer: str, weight: torch.Tensor, bias: torch.Tensor | None) -> Weights:
    name, shape = _full(layer, "weight"), tuple(weight.shape)
    if not 2 <= weight.ndim <= 5 or 0 in shape:
        raise CheckpointError(
            f"{name!r}: got shape {shape}, allowed: (out, in), with one to three more sides for a "
            "convolution, none of them empty"
        )
    require_known_layer(name, layer, weight, has_bias=bias is not None)
    if bias is not None and tuple(bias.shape) != shape[:1]:
        if tuple(bias.shape) == shape[1:2]:
            kind = "weights stored as (in, out)" if weight.ndim == 2 else "a transposed convolution"
            raise CheckpointError(
                f"{name!r} of shape {shape} with a bias of {len(bias)}: {kind} cannot be read from a file; "
                f"{WAY_OUT}"
            )
        raise CheckpointError(
            f"{name!r} of shape {shape}: its bias of shape {tuple(bias.shape)} does not fit"
        )
    return Weights(name=layer or "weight", weight=weight, bias=bias)


def _slope(layer: str, weight: torch.Tensor, has_bias: bool) -> Slope:
    name = _full(layer, "weight")
    of_a_prelu = _PRELU.search(layer) or (weight.shape == (1,) and not _FACTOR.search(layer))
    if weight.ndim != 1 or has_bias or not of_a_prelu:
        raise CheckpointError(
            f"{name!r} of shape {tuple(weight.shape)} with no running_var beside it: layer norm, group norm "
            f"or other factors of units cannot be read from a file; {WAY_OUT}"
        )
    return Slope(name=layer, width=len(weight))


def _norm(layer: str, parts: Parts) -> Norm:
    _refuse_rest(layer, parts, _NORM_PARTS)
    variance = parts.get("running_var")
    if variance is None:
        raise CheckpointError(f"{_full(layer, 'running_mean')!r} has no running_var beside it")
    name = _full(layer, "running_var")
    if variance.ndim != 1 or len(variance) == 0 or bool((variance < 0).any()):
        raise CheckpointError(f"{name!r} of shape {tuple(variance.shape)}: allowed: (units,), none below 0")
    for part in ("weight", "bias", "running_mean"):
        if part in parts and parts[part].shape != variance.shape:
            raise CheckpointError(
                f"{_full(layer, part)!r}: got shape {tuple(parts[part].shape)}, "
                f"allowed: {tuple(variance.shape)} as of {name!r}"
            )
    return Norm(
        name=layer,
        gamma=parts.get("weight"),
        beta=parts.get("bias"),
        mean=parts.get("running_mean"),
        variance=variance,
    )
