"""The weight of a layer while it is trained, with the gradient of what it is computed from."""

import torch
from torch import nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from clusterability.graph.half_precision import computed_in
from clusterability.graph.module_copy import unwrapped


def submodule(module: nn.Module, name: str) -> nn.Module:
    """Return a part of a module by the name that the reader gives it: wrappers are left out."""
    part = unwrapped(module)
    for child in filter(None, name.split(".")):
        part = unwrapped(part.get_submodule(child))
    return part


def live_weight(layer: nn.Module) -> torch.Tensor:
    """Return the weight that a layer multiplies with now, single precision for half.

    Pruning and the older norms keep in `layer.weight` what the last forward pass has computed.
    """
    if hasattr(layer, "weight_orig") and hasattr(layer, "weight_mask"):
        weight = layer.get_parameter("weight_orig") * layer.get_buffer("weight_mask")
    else:
        weight = layer.weight
        for hook in layer._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm):
                weight = hook.compute_weight(layer)
            elif isinstance(hook, SpectralNorm):
                weight = hook.compute_weight(layer, do_power_iteration=False)
    assert isinstance(weight, torch.Tensor), "the reader has found weights"
    return weight.to(computed_in(weight.dtype))
