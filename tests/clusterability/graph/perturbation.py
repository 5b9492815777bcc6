"""The blocks of a random module by perturbing one unit at a time, without reading the module's structure.

The value of a unit is what its layer hands to the nonlinearity: a layer's output with the norms, factors and
sums that nothing else reads. A block is the derivative of a later layer's values by an earlier one's, all
layers between them held fixed, at nonlinearities of slope one: for units at several places, the sum of
|derivative| over the places that a place reads. Weights and skips that join the same two layers may be one
block or several.
"""

import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .random_modules import NONLINEAR, Line, Program


@dataclass(kw_only=True, slots=True)
class Layer:
    """Units of one layer, and the lines whose outputs are added up in it."""

    names: list[str]
    """How the module calls the layers with weights that are added; empty: a sum of values read elsewhere."""
    place: int
    """The value that holds its units."""
    entries: list[tuple[int, int]]
    """(line, position of the input in it), or (line, -1) for the output of a layer with weights."""
    axis: int | None
    """Where the units are in that value; 0: it is one unit; None: each of its elements is one."""


def layers_of(program: Program, input_place: int, input_axis: int | None) -> list[Layer]:
    """Return the layers in the order of the forward pass, the input first."""
    layers = [Layer(names=["input"], place=input_place, entries=[], axis=input_axis)]
    owners: dict[int, Layer] = {}
    for place, line in enumerate(program.lines, 1):
        owned = [owners.get(source) if program.uses(source) == 1 else None for source in line.inputs]
        if line.kind == "weights":
            owners[place] = Layer(names=[_name(line)], place=place, entries=[(place, -1)], axis=_axis(line))
            layers.append(owners[place])
        elif line.kind in ("factor", "shape") and owned[0]:
            owners[place] = owned[0]
            owned[0].place, owned[0].axis = place, line.axis
        elif line.kind == "add":
            owners[place] = _sum(layers, owned, place, line)
    return layers


def input_readings(program: Program) -> list[tuple[int, int | None]]:
    """Return where the input's units may be: place and axis (0: all one unit; None: each element is one).

    The input has no layer of its own: its units are channels, features or pixels, as its first reader takes
    them, behind what has neither weights nor factors: `conv(x)`, `linear(x)`, `linear(pool(x).flatten(1))`.
    """
    module, value = program.module(), program.example()
    readings: list[tuple[int, int | None]] = []
    for place, line in enumerate(program.lines):
        readings += [(place, axis) for axis in (*range(value.ndim), None)]
        is_only_shape = line.kind == "shape" or (line.kind == "other" and line.axis is None)
        if (
            not (is_only_shape or line.kind in NONLINEAR)
            or line.inputs != (place,)
            or program.uses(place) != 1
        ):
            break
        value = line.run(module, [value])
    return readings


def _name(line: Line) -> str:
    found = re.search(r"self\.(\w+)", line.code)
    assert found is not None
    return found[1]


def _axis(line: Line) -> int:
    assert line.axis is not None
    return line.axis


def _sum(layers: list[Layer], owned: list[Layer | None], place: int, line: Line) -> Layer:
    skips = [(place, position) for position, layer in enumerate(owned) if layer is None]
    merged = [layer for layer in owned if layer is not None]
    if not merged:
        layers.append(Layer(names=[], place=place, entries=skips, axis=_axis(line)))
        return layers[-1]
    first = merged[0]
    for gone in merged[1:]:
        first.names += gone.names
        first.entries += gone.entries
        layers.remove(gone)
    first.entries += skips
    first.place, first.axis = place, line.axis
    return first


Blocks = dict[tuple[int, int], np.ndarray]
"""The nonzero blocks, (source, target) in the list of layers to (units of source, units of target)."""


def blocks_by_perturbation(program: Program, layers: list[Layer]) -> tuple[Blocks, Blocks]:
    """Return the blocks with parallel paths one after the other, and with all paths at once."""
    module = program.module().double()
    most = max(len(layer.entries) for layer in layers)
    apart: Blocks = {}
    for chosen in range(most):
        for ends, entries in _blocks(program, module, layers, chosen).items():
            apart[ends] = apart.get(ends, 0) + entries
    return apart, _blocks(program, module, layers, None) if most > 1 else apart


def _blocks(program: Program, module: nn.Module, layers: list[Layer], chosen: int | None) -> Blocks:
    computed, held = _run(program, module, layers, chosen)
    blocks: Blocks = {}
    for target, layer in enumerate(layers[1:], 1):
        sources = [number for number, other in enumerate(layers) if other.place < layer.place]
        found = _derivatives(computed[target], layer.axis, [held[number] for number in sources])
        for number, derivative in zip(sources, found, strict=True):
            if derivative is not None and derivative.any():
                blocks[number, target] = _one_block(derivative, layers[number].axis)
    return blocks


def _run(
    program: Program, module: nn.Module, layers: list[Layer], chosen: int | None
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Run the module with layers open at one entry (None: at all); return them as computed and as held."""
    number_at = {layer.place: number for number, layer in enumerate(layers)}
    entries = {entry: number for layer in layers for number, entry in enumerate(layer.entries)}
    closed = {entry for entry, number in entries.items() if chosen not in (None, number)}
    values = [program.example()[:1].double().requires_grad_()]
    computed, held = values * len(layers), values * len(layers)
    for place, line in enumerate(program.lines, 1):
        given = [
            values[source].detach() if (place, position) in closed else values[source]
            for position, source in enumerate(line.inputs)
        ]
        value = line.run(module, given, slope_one=True)
        if (place, -1) in closed:
            value = value.detach()
        if place in number_at:
            computed[number_at[place]] = value
            value = held[number_at[place]] = value.detach().requires_grad_()
        values.append(value)
    return computed, held


def _derivatives(
    value: torch.Tensor, axis: int | None, sources: list[torch.Tensor]
) -> list[np.ndarray | None]:
    """Return for each source the derivatives, (units of the target, its places, *shape of the source)."""
    if not value.requires_grad:
        return [None] * len(sources)
    assert axis is not None
    rows = value.movedim(axis, 1).flatten(2) if value.ndim > 2 else value[..., None]
    seeds = torch.eye(rows[0].numel(), dtype=value.dtype).reshape(-1, *rows.shape)
    found = torch.autograd.grad(
        rows, sources, seeds, is_grads_batched=True, allow_unused=True, retain_graph=True
    )
    return [None if one is None else one.reshape(*rows.shape[1:], *one.shape[1:]).numpy() for one in found]


def _one_block(derivative: np.ndarray, axis: int | None) -> np.ndarray:
    """Return (units of the source, units of the target), each target unit at the place that reads most."""
    by_place = np.abs(derivative)  # (units of the target, its places, 1, *places and units of the source)
    if axis is None:
        by_place = by_place.reshape(*by_place.shape[:2], -1, 1)
    by_unit = np.moveaxis(by_place, 2 + (axis or 0), 2)
    return by_unit.reshape(*by_unit.shape[:3], -1).sum(axis=3).max(axis=1).T
