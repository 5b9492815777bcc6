"""The same function by other weights: units rescaled, units permuted, batch norms folded into layers.

Which inputs of a layer a unit reaches is found by adding to the unit's value and looking, and whatever
changes the module's outputs is taken back: nothing here knows how the reader follows a module.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.utils import fusion

from clusterability import WeightGraph

Layer = nn.Linear | nn.Conv1d | nn.Conv2d
Norm = nn.BatchNorm1d | nn.BatchNorm2d
Change = Callable[[str, Layer, Norm | None, Layer, list[torch.Tensor]], bool]
"""Of a layer, the norm behind it, its reader, and what that reads of each unit; False: nothing done."""


def rescale(module: nn.Module, graph: WeightGraph, inputs: torch.Tensor) -> list[str]:
    """Multiply what units read, divide what they write, each by its own factor; return the changed layers."""

    def change(
        name: str, layer: Layer, norm: Norm | None, reader: Layer, columns: list[torch.Tensor]
    ) -> bool:
        factors = torch.rand(len(columns), generator=torch.Generator().manual_seed(3)) * 3.5 + 0.5
        owner = layer if norm is None else norm
        owner.weight.mul_(factors.reshape(-1, *[1] * (owner.weight.ndim - 1)))
        if owner.bias is not None:
            owner.bias.mul_(factors)
        for factor, own in zip(factors, columns, strict=True):
            for rows, column in _places(reader, own):
                reader.weight[rows, column] /= factor
        return True

    return _change(module, graph, inputs, change)


def permute(module: nn.Module, graph: WeightGraph, inputs: torch.Tensor) -> dict[str, np.ndarray]:
    """Reorder the units of layers; return the new order of each layer that was reordered."""
    orders: dict[str, np.ndarray] = {}

    def change(
        name: str, layer: Layer, norm: Norm | None, reader: Layer, columns: list[torch.Tensor]
    ) -> bool:
        if getattr(layer, "groups", 1) > 1 or getattr(reader, "groups", 1) > 1:
            return False
        order = torch.randperm(len(columns), generator=torch.Generator().manual_seed(3))
        for tensor in (*_tensors(layer), *_tensors(norm)):
            tensor.copy_(tensor[order].clone())
        old = reader.weight.clone()
        for new, unit in enumerate(order.tolist()):
            reader.weight[:, columns[new]] = old[:, columns[unit]]
        orders[name] = order.numpy()
        return True

    return {name: orders[name] for name in _change(module, graph, inputs, change)}


def fold(module: nn.Module, inputs: torch.Tensor) -> list[str]:
    """Fold batch norms into the layers right before them; return the layers."""
    outputs, names = _run(module, inputs, []), []
    for name, norm_name in _norms_behind(module, inputs).items():
        layer, norm = module.get_submodule(name), module.get_submodule(norm_name)
        fuse = fusion.fuse_linear_bn_eval if isinstance(layer, nn.Linear) else fusion.fuse_conv_bn_eval
        module.set_submodule(name, fuse(layer, norm))
        module.set_submodule(norm_name, nn.Identity())
        if _are_same(_run(module, inputs, []), outputs):
            names.append(name)
        else:
            module.set_submodule(name, layer)
            module.set_submodule(norm_name, norm)
    return names


def _change(module: nn.Module, graph: WeightGraph, inputs: torch.Tensor, change: Change) -> list[str]:
    """Change every layer that one other layer reads, as long as the outputs stay."""
    outputs, names = _run(module, inputs, []), []
    norms, layers = _norms_behind(module, inputs), dict(module.named_modules())
    for source, target in _read_once(graph):
        layer, reader = layers.get(source), layers.get(target)
        if not isinstance(layer, Layer) or not isinstance(reader, Layer) or not _own_weights(layer, reader):
            continue
        norm = layers[norms[source]] if source in norms else None
        tensors = [tensor for part in (layer, norm, reader) for tensor in _tensors(part)]
        before = [tensor.clone() for tensor in tensors]
        columns = _columns(module, norm or layer, reader, inputs)
        with torch.no_grad():
            if not change(source, layer, norm, reader, columns):
                continue
            if _are_same(_run(module, inputs, []), outputs):
                names.append(source)
                continue
            for tensor, old in zip(tensors, before, strict=True):
                tensor.copy_(old)
    return names


def _tensors(part: nn.Module | None) -> list[torch.Tensor]:
    """Return the tensors of a layer that have an entry for each unit."""
    return [] if part is None else [one.data for one in (*part.parameters(), *part.buffers()) if one.ndim]


def _read_once(graph: WeightGraph) -> list[tuple[str, str]]:
    """Return the layers of which one block starts, and where it ends."""
    starts = [block.source for block in graph.blocks]
    names = graph.layer_names
    return [
        (names[b.source], names[b.target])
        for b in graph.blocks
        if starts.count(b.source) == 1 and not b.is_skip
    ]


def _own_weights(*layers: nn.Module) -> bool:
    return all(isinstance(layer._parameters.get("weight"), nn.Parameter) for layer in layers)


def _norms_behind(module: nn.Module, inputs: torch.Tensor) -> dict[str, str]:
    """Return for each layer whose very output a batch norm reads that batch norm, both by name."""
    given: list[tuple[str, torch.Tensor]] = []
    found: dict[str, str] = {}

    def remember(name: str) -> Callable[..., None]:
        return lambda _, __, output: given.append((name, output))

    def look(norm: str) -> Callable[..., None]:
        return lambda _, read: found.update({name: norm for name, output in given if output is read[0]})

    handles = [
        part.register_forward_hook(remember(name))
        if isinstance(part, Layer)
        else part.register_forward_pre_hook(look(name))
        for name, part in module.named_modules()
        if isinstance(part, Layer | Norm)
    ]
    _run(module, inputs, handles)
    return found


def _columns(
    module: nn.Module, source: nn.Module, reader: nn.Module, inputs: torch.Tensor
) -> list[torch.Tensor]:
    """Return for each unit of a layer the inputs of a reader that change when the unit's values grow."""
    units = next(iter(source.parameters())).shape[0]
    read: list[torch.Tensor] = []

    def grow(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
        grown = output.clone()
        grown[torch.arange(units), torch.arange(units)] += 10
        return grown

    handles = [source.register_forward_hook(grow)]
    handles.append(reader.register_forward_pre_hook(lambda _, given: read.append(given[0].detach().clone())))
    _run(module, inputs[:1].repeat(units + 1, *[1] * (inputs.ndim - 1)), handles)  # the last one stays
    differences = (read[0][:-1] - read[0][-1]).abs().reshape(units, read[0].shape[1], -1).amax(dim=2)
    return [torch.nonzero(difference > 1e-6).flatten() for difference in differences]


def _places(reader: Layer, columns: torch.Tensor) -> list[tuple[slice, int]]:
    """Return where a layer's weight holds what it reads from these inputs, by its groups."""
    groups = getattr(reader, "groups", 1)
    fan_in, fan_out = reader.weight.shape[1], reader.weight.shape[0] // groups
    return [
        (slice(column // fan_in * fan_out, (column // fan_in + 1) * fan_out), column % fan_in)
        for column in columns.tolist()
    ]


def _are_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((one - other).abs().max() < 1e-4 * other.abs().max())


def _run(module: nn.Module, inputs: torch.Tensor, handles: list) -> torch.Tensor:
    try:
        with torch.no_grad():
            return module(inputs)
    finally:
        for handle in handles:
            handle.remove()
