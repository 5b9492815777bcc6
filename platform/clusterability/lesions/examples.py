"""The examples that a network is lesioned on, and how wrong its outputs are on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.nn.functional import one_hot

from clusterability.errors import LesionError


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Inputs with their classes, or with the targets of a regression."""

    inputs: torch.Tensor
    """Shape (examples, ...), as the module takes them."""
    targets: torch.Tensor
    """Class numbers, shape (examples,); or floats, shape (examples, targets)."""

    @property
    def is_regression(self) -> bool:
        """Whether targets are numbers rather than classes."""
        return self.targets.is_floating_point()

    @cached_property
    def classes(self) -> torch.Tensor:
        """The classes that occur, ascending; for a regression one class, of all examples."""
        return torch.zeros(1) if self.is_regression else torch.unique(self.targets)

    @cached_property
    def counts(self) -> np.ndarray:
        """Examples of each class, shape (classes,)."""
        return self.groups(self.targets).sum(dim=0).numpy()

    def groups(self, targets: torch.Tensor) -> torch.Tensor:
        """Return 1 where an example is of a class, shape (examples, classes), float64."""
        if self.is_regression:
            return torch.ones(len(targets), 1, dtype=torch.float64, device=targets.device)
        places = torch.searchsorted(self.classes.to(targets.device), targets)
        return one_hot(places, len(self.classes)).double()

    def batches(self, size: int, device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Go through the examples in order, on a device."""
        for inputs, targets in zip(self.inputs.split(size), self.targets.split(size), strict=True):
            yield inputs.to(device), targets.to(device)

    def require_fit(self, outputs: torch.Tensor) -> None:
        """Raise a LesionError unless outputs, (some examples, values), are what targets are compared with."""
        if outputs.dim() != 2:
            raise LesionError(f"outputs: got shape {tuple(outputs.shape)}, allowed: (examples, values)")
        values = outputs.shape[1]
        if self.is_regression and self.targets.shape[1:] != (values,):
            raise LesionError(
                f"targets: got shape {tuple(self.targets.shape)}, allowed: (examples, {values}), or classes"
            )
        least, most = (int(self.classes[end]) for end in (0, -1))
        if not self.is_regression and not 0 <= least <= most < values:
            raise LesionError(f"targets: got classes {least} to {most}, allowed: 0 to {values - 1}")
        if not torch.isfinite(outputs).all():
            raise LesionError("outputs: got values that are not finite, allowed: finite ones")


def examples_of(inputs: Any, targets: Any, dtype: torch.dtype) -> Examples:
    """Return examples from tensors or arrays.

    Raises:
        LesionError: their numbers differ, there are none, or targets are neither classes nor numbers.
    """
    inputs, targets = tensor_of(inputs), tensor_of(targets)
    if inputs.dim() < 2 or targets.dim() < 1 or len(inputs) != len(targets) or not len(inputs):
        raise LesionError(
            f"inputs and targets: got shapes {tuple(inputs.shape)} and {tuple(targets.shape)}, "
            "allowed: (examples, ...) and (examples,) or (examples, targets), of one number of examples"
        )
    if targets.is_floating_point():
        return Examples(inputs=inputs.to(dtype), targets=targets.to(dtype))
    if targets.dim() != 1 or targets.dtype in (torch.bool, torch.complex64, torch.complex128):
        raise LesionError(
            f"targets: got {str(targets.dtype).removeprefix('torch.')} of shape {tuple(targets.shape)}, "
            "allowed: class numbers of shape (examples,), or floats"
        )
    return Examples(inputs=inputs.to(dtype), targets=targets.long())


def tensor_of(values: Any) -> torch.Tensor:
    """Return a tensor, or an array as one, in main memory and without gradient."""
    return values.detach().cpu() if isinstance(values, torch.Tensor) else torch.tensor(np.asarray(values))


def losses(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the loss of each example, float64, shape (lesions, examples).

    Cross-entropy in nats for classes, the mean squared error over targets for a regression.

    Args:
        outputs: shape (lesions, examples, values).
        targets: shape (examples,) or (examples, values).
    """
    if targets.is_floating_point():
        return (outputs - targets).square().mean(dim=2).double()
    places = targets.expand(outputs.shape[:2]).unsqueeze(2)
    return -outputs.log_softmax(dim=2).gather(2, places).squeeze(2).double()


def hits(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return 1 where the largest output is the class, float64, shape (lesions, examples)."""
    return (outputs.argmax(dim=2) == targets).double()
