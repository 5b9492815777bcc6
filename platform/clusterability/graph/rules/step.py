"""One operation of a trace and what it is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from clusterability.errors import GraphError
from clusterability.graph.block import KernelNorm
from clusterability.graph.draft import DraftGraph, Values, indices_of_layers
from clusterability.graph.input_units import InputUnits
from clusterability.graph.signal import Followed, Mixed, Signal

ABSENT: Any = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Constant:
    """A tensor that does not depend on the input, and the parameters that it has been computed from."""

    value: torch.Tensor
    parameters: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """An operation with its arguments: signals, constants and plain values."""

    node: fx.Node
    operation: str
    """Its bare name, such as "relu"."""
    label: str
    """What messages call it."""
    name: str
    """What a layer made here is called, if its weights have no name."""
    what: str
    """What is done, as `DraftLayer.unscalable` says it: "Tanh"."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    sources: Mapping[int, fx.Node]
    """Node of each signal among them, by the signal's identity."""
    shape: tuple[int, ...]
    """Shape of the result; () where it is not one tensor."""
    run: Callable[[tuple, dict[str, Any]], Any]
    """Does the operation to other arguments."""
    draft: DraftGraph
    inputs: InputUnits
    kernel_norm: KernelNorm
    used: dict[str, str]
    """Parameters that are weights of a layer, and the layer's name."""
    layer: str | None
    """Name of the layer of torch's own that this is."""

    def argument(self, index: int, name: str, default: Any = None) -> Any:
        """Return an argument by its position or its name."""
        return self.args[index] if len(self.args) > index else self.kwargs.get(name, default)

    @property
    def signals(self) -> list[Signal]:
        """All arguments that are signals, those in lists included, each as often as it is given."""
        found: list[Signal] = []
        for argument in [*self.args, *self.kwargs.values()]:
            parts = argument if isinstance(argument, list | tuple) else [argument]
            found += [part for part in parts if isinstance(part, Signal)]
        return found

    def only_signal(self) -> Signal:
        """Return the first argument, which is a signal, and the only one.

        Raises:
            GraphError: there are others.
        """
        if len(self.signals) != 1 or not isinstance(self.args[0] if self.args else None, Signal):
            raise self.refused("acts on several values of the network at once")
        return self.args[0]

    def refused(self, why: str = "") -> GraphError:
        """Return the refusal of this operation."""
        return GraphError(f"{self.label} {why + '; it ' if why else ''}cannot be read as a weight graph")

    def source_node(self, signal: Signal) -> fx.Node:
        """Return the node that a signal among the arguments is the value of."""
        return self.sources[id(signal)]

    def along(self, signal: Signal, axis: int) -> Signal:
        """Return a signal whose units have been found to lie along an axis, and along no other.

        Raises:
            GraphError: they do not.
        """
        self.inputs.settle(signal, axis, self.label)
        signal = self.inputs.settled(signal)
        if self.inputs.of_element is not None and not self.draft.layers[0].width:
            self.draft.layers[0].width = int(self.inputs.of_element.max()) + 1
        other = next((one for one in signal.varying_axes() if one != axis), None)
        if other is not None:
            raise self.refused(
                f"acts along axis {axis} of values of shape {tuple(signal.ids.shape)}, whose units lie along "
                f"axis {other}"
            )
        return signal

    def values(self, node: fx.Node, axis: int, signal: Signal | None = None) -> Values:
        """Return the place of the units along an axis of a node's value."""
        size = self.shape[axis] if signal is None else signal.ids.shape[axis]
        return Values(node=node, axis=axis, size=size)


Rule = Callable[[Step], Followed]


def mixed(step: Step) -> Mixed:
    """Return what is left of a signal whose units an operation mixes, which only the outputs may read."""
    signal = step.only_signal()
    step.draft.mark_unscalable(signal, step.what)
    return Mixed(step.label, indices_of_layers(signal))
