"""The tensor that a layer multiplies with, out of the tensors that pruning and norms store in its place."""

from collections.abc import Mapping

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.half_precision import computed_in

_PARAMETRISED = "parametrizations.weight."


def effective_weight(
    layer: str, parts: Mapping[str, torch.Tensor]
) -> tuple[torch.Tensor, frozenset[str]] | None:
    """Return the weight that a layer uses in evaluation and the parts that it is made of; None: it has none.

    parts: the layer's tensors by their names in it. Known are, besides `weight`:

    - pruning: weight_orig * weight_mask;
    - weight norm: g v / |v| of weight_g and weight_v, or of parametrizations.weight.original0 and original1,
      the norm taken over all dimensions in which g has one entry (Salimans & Kingma 2016);
    - spectral norm: W / (u' W v), W as a matrix (out, everything else), of weight_orig, weight_u and
      weight_v, or of parametrizations.weight.original, .0._u and .0._v (Miyato et al. 2018).

    Half precision is computed in single precision.

    Raises:
        CheckpointError: the parts do not fit together.
    """
    known = [
        (("weight",), lambda weight: weight),
        (("weight_orig", "weight_mask"), _masked),
        (("weight_g", "weight_v"), _weight_normed),
        (("weight_orig", "weight_u", "weight_v"), _spectrally_normed),
        (tuple(_PARAMETRISED + name for name in ("original0", "original1")), _weight_normed),
        (tuple(_PARAMETRISED + name for name in ("original", "0._u", "0._v")), _spectrally_normed),
    ]
    stored = frozenset(part for part in parts if _is_of_weight(part))
    for needed, compute in known:
        if stored == frozenset(needed):
            try:
                return compute(*(_single(parts[part]) for part in needed)), stored
            except (RuntimeError, IndexError) as error:  # torch's word for shapes that do not fit
                shapes = ", ".join(f"{part} {tuple(parts[part].shape)}" for part in needed)
                raise CheckpointError(f"layer {layer!r}: {shapes} do not fit together") from error
    if not stored:
        return None
    raise CheckpointError(
        f"layer {layer!r}: got {', '.join(sorted(stored))}, allowed: a weight, a pruning mask, weight norm "
        "or spectral norm; call torch.nn.utils.parametrize.remove_parametrizations before saving"
    )


def effective_bias(parts: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor | None, frozenset[str]]:
    """Return a layer's bias, pruned or not, and the parts that it is made of."""
    if "bias" in parts:
        return parts["bias"], frozenset({"bias"})
    pruned = frozenset({"bias_orig", "bias_mask"})
    if pruned <= set(parts) and parts["bias_orig"].shape == parts["bias_mask"].shape:
        return parts["bias_orig"] * parts["bias_mask"], pruned
    return None, frozenset()


def _is_of_weight(part: str) -> bool:
    return part == "weight" or part.startswith(("weight_", _PARAMETRISED))


def _single(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to(computed_in(tensor.dtype))


def _masked(weight: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    if weight.shape != mask.shape:
        raise IndexError
    return weight * mask.to(weight.dtype)


def _weight_normed(size: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    if size.ndim == 0:
        return direction * (size / direction.norm())
    shared = [axis for axis in range(direction.ndim) if size.shape[axis] == 1]
    if size.ndim != direction.ndim or len(shared) < size.ndim - 1:
        raise IndexError
    return direction * (size / torch.linalg.vector_norm(direction, dim=shared, keepdim=True))


def _spectrally_normed(weight: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return weight / torch.dot(left, torch.mv(weight.flatten(1), right))
