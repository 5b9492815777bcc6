"""An input that a module takes: as it is given, or of a shape that its weights fit."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import fx, nn

from clusterability.errors import GraphError, first_line
from clusterability.graph.module_copy import Hooks, outputs_with_hooks
from clusterability.graph.rules.layers import as_function
from clusterability.graph.shapes import BATCH, MisfitError, Shapes, layer_label, own_name
from clusterability.graph.trace import plain_trace, shaped_trace, shapes_of, untraceable

_SIDES = (8, 16, 28, 32, *range(1, 97), 128, 160, 192, 224, 227, 256, 299)
_LENGTHS = (*_SIDES, 400, 512, 784, 1000, 1024, 2048, 4096, 8000, 16000, 32000, 65536)
_NARROW = [(height, width) for height in range(1, 17) for width in range(1, 33) if height != width]
_LARGEST = 200_000
_WINDOWS = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
)  # fmt: skip
TOKENS = 3
"""Of a sequence that stands for all."""
_AGREEMENT = 1e-3  # of the largest output: the trace runs the same operations


def traced_with_shapes(
    module: nn.Module, hooks: Hooks, example: torch.Tensor | None
) -> tuple[fx.GraphModule, Shapes]:
    """Trace a module and find the shapes of its values, those for an example or for one that fits.

    module: a copy in evaluation mode. example: a few inputs as the module takes them.

    Raises:
        GraphError: the module cannot be traced, or takes no input that its weights suggest.
    """
    dtype = next((one.dtype for one in module.parameters() if one.is_floating_point()), torch.float32)
    trace: fx.GraphModule | None = None
    failure: Exception | None = None
    try:
        trace = plain_trace(module)
    except Exception as error:  # tracing runs the module's own code, which may raise anything
        failure = error
    if trace is not None:
        _require_known_layers(trace)
    shapes_tried = [tuple(example.shape[1:])] if example is not None else candidates(module)
    first: Exception | None = None
    for shape in shapes_tried:
        try:
            found = trace if trace is not None else shaped_trace(module, shape, dtype)
            shapes = shapes_of(found, shape, dtype)
        except Exception as error:  # of a traced module a MisfitError, of another whatever its code raises
            first = first or error
            if trace is None and not isinstance(error, MisfitError) and not _is_about_shapes(error):
                break
            continue
        if trace is None:
            _require_known_layers(found)
        _require_same_outputs(module, hooks, found, shapes)
        return found, shapes
    refusal = _refusal(module, trace, failure, first, example)
    raise refusal from (first if trace is not None else failure or first)


def candidates(module: nn.Module) -> Iterator[tuple[int, ...]]:
    """Yield shapes of examples that one of the module's weights could read, likely ones first."""
    weights = [(name, tensor) for name, tensor in module.named_parameters() if tensor.ndim >= 2]
    firsts: dict[tuple[int, int], None] = {}  # sides, channels
    for name, tensor in weights:
        owner = module.get_submodule(name.rpartition(".")[0])
        channels = getattr(owner, "in_channels", getattr(owner, "in_features", tensor.shape[1]))
        firsts[tensor.ndim - 2, channels] = None
        if tensor.ndim == 2 and not isinstance(owner, nn.Linear):
            firsts[0, tensor.shape[0]] = None
    for sides, channels in list(firsts)[:4]:
        yield from _shapes(sides, channels)
        yield from ((channels, *needed) for needed in _needed_sides(module, sides))
    for sides, channels in list(firsts)[:1]:
        if sides == 2:
            yield from ((channels, *narrow) for narrow in _NARROW)


def _shapes(sides: int, channels: int) -> Iterator[tuple[int, ...]]:
    if sides == 0:
        yield from ((channels,), (TOKENS, channels))
    elif sides == 1:
        yield from ((channels, length) for length in _LENGTHS)
        yield from ((length,) for length in _LENGTHS)
    else:
        yield from ((channels, *(side,) * sides) for side in _SIDES)
        yield from ((side,) * sides for side in _SIDES)
        yield from ((*(side,) * sides, channels) for side in _SIDES[:5])


def _needed_sides(module: nn.Module, sides: int) -> list[tuple[int, ...]]:
    """Return the sides of inputs of which convolutions and pools, in order, leave one to four places."""
    layers: list[Any] = [layer for layer in module.modules() if isinstance(layer, _WINDOWS)]
    found = []
    for left in range(1, 5):
        size = [left] * sides
        for layer in reversed(layers):
            kernel, stride, padding, dilation = (
                _one_each(getattr(layer, name, otherwise), sides)
                for name, otherwise in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1))
            )
            size = [
                max(
                    (places - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 - 2 * padding[axis],
                    1,
                )
                for axis, places in enumerate(size)
            ]
        found.append(tuple(size))
    return found if sides and max(map(max, found)) <= _LARGEST else []


def _one_each(setting: Any, sides: int) -> tuple[int, ...]:
    """Return a layer's setting for each side; "same" padding and the like count as none."""
    numbers = setting if isinstance(setting, tuple) else (setting,) * sides
    known = len(numbers) == sides and all(isinstance(number, int) for number in numbers)
    return numbers if known else (0,) * sides


def _is_about_shapes(error: Exception) -> bool:
    return isinstance(error, AssertionError | ValueError | IndexError | RuntimeError)


def _require_known_layers(trace: fx.GraphModule) -> None:
    for node in trace.graph.nodes:
        if node.op == "call_module":
            name = own_name(node.target)
            layer = trace.get_submodule(str(node.target))
            if as_function(layer, name) is None:
                raise GraphError(f"{layer_label(name, layer)} cannot be read as a weight graph")


def _refusal(
    module: nn.Module,
    trace: fx.GraphModule | None,
    failure: Exception | None,
    first: Exception | None,
    example: torch.Tensor | None,
) -> GraphError:
    if trace is None:
        about_shapes = first is not None and _is_about_shapes(first)
        reason = failure if example is None and not about_shapes else first
        return untraceable(module, reason or failure or RuntimeError("it has no weights"))
    if first is None:
        return GraphError(f"{type(module).__name__} has no layer with weights; a graph needs at least one")
    if example is not None:
        return GraphError(
            f"inputs: got examples of shape {tuple(example.shape[1:])}, allowed: "
            f"{_one_that_fits(module, trace)}; {first_line(first)}"
        )
    return GraphError(
        f"{first_line(first)}; no input of the usual shapes fits: give WeightGraph.from_module some `inputs`"
    )


def _one_that_fits(module: nn.Module, trace: fx.GraphModule) -> str:
    for shape in candidates(module):
        try:
            shapes_of(trace, shape, torch.float32)
        except MisfitError:
            continue
        return f"such as {shape}"
    return "what the module takes"


@torch.no_grad()
def _require_same_outputs(module: nn.Module, hooks: Hooks, trace: fx.GraphModule, shapes: Shapes) -> None:
    """Refuse a module whose trace gives something else than the module, its hooks included."""
    first = next(node for node in trace.graph.nodes if node.op == "placeholder")
    value, parameter = shapes.values[first], next(module.parameters(), torch.empty(0))
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand((BATCH, *value.shape[1:]), generator=generator).to(parameter.device, value.dtype)
    outputs = []
    for run in (lambda given: outputs_with_hooks(module, hooks, given), trace):
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                outputs.append(_tensors(run(inputs.clone())))
        except Exception as error:  # the module's own code, which may raise anything
            raise GraphError(
                f"{type(module).__name__} cannot be run on inputs of shape {tuple(inputs.shape)}: "
                f"{first_line(error)}"
            ) from error
    same = len(outputs[0]) == len(outputs[1]) and all(
        one.shape == other.shape
        and torch.allclose(one, other, rtol=_AGREEMENT, atol=_AGREEMENT * _size(one), equal_nan=True)
        for one, other in zip(*outputs, strict=True)
    )
    if not same:
        raise GraphError(
            f"{type(module).__name__}: got outputs that differ from those of its trace, allowed: the same "
            "(do hooks change values, or does it depend on what is no input?)"
        )


def _size(values: torch.Tensor) -> float:
    finite = values[values.isfinite()]
    return float(finite.abs().max()) if finite.numel() else 0.0


def _tensors(outputs: object) -> list[torch.Tensor]:
    if isinstance(outputs, torch.Tensor):
        return [outputs.double()]
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, list | tuple):
        return [tensor for part in outputs for tensor in _tensors(part)]
    return []
