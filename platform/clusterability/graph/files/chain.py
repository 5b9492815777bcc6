"""Whether parts in an order make one chain of layers, each reading the units of the one before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clusterability.errors import CheckpointError
from clusterability.graph.files.elements import Element, Norm, Slope, Weights
from clusterability.graph.files.names import WAY_OUT, common_prefix, listed

IsSwapped = Callable[[Weights], bool]
"""Which weights to read the other way round: as (in, out, ...)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """What a chain gives so far."""

    width: int | None = None
    """Units; None: nothing has been read."""
    sides: int = 0
    """Dimensions of the weights that gave them: 2 of a linear layer; 0: only a batch norm has been read."""
    has_norm: bool = False
    """A batch norm has been read since the last weights."""


def as_stored(_: Weights) -> bool:
    """Read all weights as (out, in, ...)."""
    return False


def extended(end: End, element: Element, is_swapped: IsSwapped = as_stored) -> End | None:
    """Return the end of a chain with one more element; None where it does not fit."""
    if isinstance(element, Norm):
        fits = not end.has_norm and end.width in (None, element.width)
        return replace(end, width=element.width, has_norm=True) if fits else None
    if isinstance(element, Slope):
        return end if element.width in (1, end.width) else None
    units_in, units_out = element.units_in, element.units_out
    if is_swapped(element):
        units_in, units_out = units_out, units_in
        if element.bias is not None and len(element.bias) != units_out:
            return None
    if end.width is None:
        fits = True
    elif element.is_convolution:
        fits = units_in == end.width and end.sides in (0, element.weight.ndim)
    else:
        is_flattened = end.sides > 2 and units_in % end.width == 0
        fits = units_in == end.width or is_flattened
    return End(width=units_out, sides=element.weight.ndim) if fits else None


def is_chain(elements: Sequence[Element], is_swapped: IsSwapped = as_stored) -> bool:
    """Say whether the elements in this order make one chain."""
    end: End | None = End()
    for element in elements:
        end = extended(end, element, is_swapped) if end else None
    return end is not None


def require_chain(elements: Sequence[Element]) -> None:
    """Refuse elements that do not make one chain in this order.

    Raises:
        CheckpointError: naming the first layer that does not fit, and the chains that there are instead.
    """
    end = End()
    for index, element in enumerate(elements):
        following = extended(end, element)
        if following is None:
            raise CheckpointError(f"{_misfit(elements, index, end)}; {_chains(elements)}")
        end = following


def require_one_reading(elements: Sequence[Element]) -> None:
    """Refuse a chain that is one too with its weights as (in, out), or of transposed convolutions.

    Raises:
        CheckpointError: naming a layer that could be read both ways.
    """
    linear = [one for one in elements if isinstance(one, Weights) and not one.is_convolution]
    kernels = [one for one in elements if isinstance(one, Weights) and one.is_convolution]
    readings: list[tuple[list[Weights], IsSwapped]] = [
        (linear, lambda one: not one.is_convolution),
        (kernels, lambda one: one.is_convolution),
        (linear + kernels, lambda _: True),
    ]
    _refuse_table(linear)
    for swapped, is_swapped in readings:
        if swapped and is_chain(elements, is_swapped):
            one = swapped[0]
            other = "a transposed convolution" if one.is_convolution else "weights stored as (in, out)"
            raise CheckpointError(
                f"layer {one.name!r} of shape {tuple(one.weight.shape)} and all others of its kind fit as "
                f"{other} too, and the file does not say which: {WAY_OUT}"
            )


def _refuse_table(linear: Sequence[Weights]) -> None:
    """Refuse a square first layer that, of all, has no bias: embeddings have none."""
    biases = [one.bias is not None for one in linear]
    if len(biases) > 1 and not biases[0] and all(biases[1:]) and linear[0].units_in == linear[0].units_out:
        raise CheckpointError(
            f"layer {linear[0].name!r} of shape {tuple(linear[0].weight.shape)}, the only one without "
            f"a bias, is a linear layer or an embedding, and the file does not say which: {WAY_OUT}"
        )


def networks(elements: Sequence[Element]) -> list[str]:
    """Return the runs of elements that are chains, as patterns of names."""
    runs: list[list[Element]] = [[]]
    end = End()
    for element in elements:
        following = extended(end, element)
        if following is None:
            runs.append([])
            following = extended(End(), element) or End()
        runs[-1].append(element)
        end = following
    return [_pattern(run, elements) for run in runs if run]


def _pattern(run: Sequence[Element], elements: Sequence[Element]) -> str:
    shared = common_prefix(element.name for element in run)
    if len(run) == 1:
        return run[0].name
    inside = [element for element in elements if element.name.startswith(f"{shared}.")]
    return f"{shared}.*" if shared and len(inside) == len(run) else f"{run[0].name} to {run[-1].name}"


def _chains(elements: Sequence[Element]) -> str:
    found = networks(elements)
    return f"its chains are {listed(found)}: choose one with only= (--only), or {WAY_OUT}"


def _misfit(elements: Sequence[Element], index: int, end: End) -> str:
    element = elements[index]
    before = next((one.name for one in reversed(elements[:index]) if isinstance(one, Weights)), "the inputs")
    if isinstance(element, Norm):
        if end.has_norm:
            return f"batch norm {element.name!r}: a second one behind layer {before!r}"
        return f"batch norm {element.name!r} has {element.width} units, but {before!r} before it {end.width}"
    if isinstance(element, Slope):
        return (
            f"PReLU {element.name!r} has {element.width} slopes, but {before!r} before it {end.width} units"
        )
    what = "channels" if element.is_convolution else "units"
    text = f"layer {element.name!r} reads {element.units_in} {what}, but {before!r} before it has {end.width}"
    if element.is_convolution and end.width is not None and end.sides > 2:
        if end.sides != element.weight.ndim:
            return f"{text} and is a convolution over another number of dimensions"
        if end.width % element.units_in == 0 and end.width > element.units_in:
            return f"{text}: a grouped convolution cannot be told from a file"
        if element.units_out == end.width:
            return f"{text}: a transposed convolution cannot be read from a file"
    if element.is_convolution and end.sides == 2:
        return f"{text} and is linear: what makes places of its units is not in the file"
    return text
