"""What a penalty adds to the loss of one network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import torch


class Carrying(Protocol):
    """Hands something on from epoch to epoch, besides what the module and its optimiser hold."""

    def state(self) -> "list[torch.Tensor]":
        """Return copies of what is handed on."""
        ...

    def restore(self, state: "list[torch.Tensor]") -> None:
        """Take up what `state` returned, on the module's device."""
        ...


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """A penalty attached to one module; what `attach(module)` of a penalty returns."""

    value: "Callable[[], torch.Tensor]"
    """Returns the penalty times its weight, a scalar tensor with gradient."""
    stage: Literal["batch", "weights", "gradient"] = "batch"
    """When it is called. batch: before backward, so it may use what the network computed for the batch;
    weights: after it, with a backward of its own; gradient: after it, and adds its own gradient."""
    carrying: tuple[Carrying, ...] = ()
    """What a checkpoint must hold of it."""
    detach: Callable[[], None] = _nothing
    """Undoes what `attach` did to the module."""
