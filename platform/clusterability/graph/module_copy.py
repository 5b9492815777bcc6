"""A copy of a module in evaluation mode, of which every layer holds the weight that it multiplies with."""

from collections import OrderedDict
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from clusterability.errors import GraphError, first_line
from clusterability.graph.half_precision import computed_in

_AROUND = {"OptimizedModule": "_orig_mod"}  # torch.compile's class cannot be imported where it is not built
_MODULE_AROUND = (nn.DataParallel, nn.parallel.DistributedDataParallel, torch.optim.swa_utils.AveragedModel)
Hooks = list[tuple[nn.Module, Any, Any]]
"""Layers, and what is called before and behind each of them."""


def unwrapped(module: nn.Module) -> nn.Module:
    """Return the module inside torch.compile, DataParallel, DistributedDataParallel and AveragedModel."""
    while True:
        around = _AROUND.get(type(module).__name__)
        if around in module._modules:
            module = module.get_submodule(str(around))
        elif isinstance(module, _MODULE_AROUND):
            module = module.module
        else:
            return module


def evaluation_copy(module: nn.Module) -> tuple[nn.Module, Hooks]:
    """Return a copy in evaluation mode, and the hooks that have been taken from it.

    Wrappers are gone; pruning masks, weight norm, spectral norm and other parametrisations have been computed
    into the weights; half precision has become single precision.

    Raises:
        GraphError: TorchScript, a module that cannot be copied, or weights without values, by their names.
    """
    module = unwrapped(module)
    if isinstance(module, torch.jit.ScriptModule):
        raise GraphError(
            f"{type(module).__name__}: TorchScript cannot be read, allowed: the module that it was made of"
        )
    _require_values(module)
    try:
        copy = deepcopy(module, _shared_parts(module)).eval()
        _replace_wrappers(copy)
        for name, layer in copy.named_modules():
            _compute_weights(name, layer)
    except GraphError:
        raise
    except Exception as error:  # the module's own code, which may raise anything
        raise GraphError(f"{type(module).__name__} cannot be copied: {first_line(error)}") from error
    if any(computed_in(tensor.dtype) != tensor.dtype for tensor in [*copy.parameters(), *copy.buffers()]):
        copy = copy.float()
    return copy, _without_hooks(copy)


def outputs_with_hooks(module: nn.Module, hooks: Hooks, inputs: torch.Tensor) -> Any:
    """Run a copy with the hooks that have been taken from it."""
    for layer, before, behind in hooks:
        layer._forward_pre_hooks, layer._forward_hooks = before, behind
    try:
        return module(inputs)
    finally:
        _without_hooks(module)


def _require_values(module: nn.Module) -> None:
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if is_lazy(tensor):
            raise GraphError(
                f"{name!r}: a lazy layer that has not seen an input has no weights; run the module once first"
            )
        if tensor.device.type == "meta":
            raise GraphError(f"{name!r}: got a tensor on the device 'meta', allowed: tensors with values")


def _shared_parts(module: nn.Module) -> dict[int, Any]:
    """Return what deepcopy is not to copy on its own: hooks, and tensors that a forward pass has computed."""
    memo: dict[int, Any] = {}
    for layer in module.modules():
        for hooks in (layer._forward_hooks, layer._forward_pre_hooks):
            memo[id(hooks)] = OrderedDict(hooks)
        for value in vars(layer).values():
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return memo


def _replace_wrappers(module: nn.Module) -> None:
    for name, child in module.named_children():
        inner = unwrapped(child)
        if inner is not child:
            setattr(module, name, inner)
        _replace_wrappers(inner)


def _compute_weights(name: str, layer: nn.Module) -> None:
    """Put the effective weight in the place of those that pruning and norms compute it from."""
    try:
        for key, hook in list(layer._forward_pre_hooks.items()):
            if isinstance(hook, prune.BasePruningMethod | WeightNorm | SpectralNorm):
                hook.remove(layer)
                del layer._forward_pre_hooks[key]
        if parametrize.is_parametrized(layer):
            _compute_parametrised(layer)
    except Exception as error:  # a parametrisation may be anyone's code
        raise GraphError(f"layer {name!r}: its weights cannot be computed: {first_line(error)}") from error


@torch.no_grad()
def _compute_parametrised(layer: nn.Module) -> None:
    """Put computed weights in the place of parametrisations.

    Torch's own `remove_parametrizations` changes the layer's class, which a copy shares with its original.
    """
    parametrisations: Any = layer.parametrizations
    computed = {name: getattr(layer, name).detach().clone() for name in parametrisations}
    layer.__class__ = type(layer).__bases__[0]
    del layer._modules["parametrizations"]
    for name, tensor in computed.items():
        layer.register_parameter(name, nn.Parameter(tensor, requires_grad=False))


def _without_hooks(module: nn.Module) -> Hooks:
    taken: Hooks = []
    for layer in module.modules():
        if layer._forward_pre_hooks or layer._forward_hooks:
            taken.append((layer, layer._forward_pre_hooks, layer._forward_hooks))
            layer._forward_pre_hooks, layer._forward_hooks = OrderedDict(), OrderedDict()
    return taken
