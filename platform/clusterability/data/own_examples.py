"""Examples that one network is measured on, out of a file: inputs and what they should give."""

from dataclasses import dataclass

import numpy as np

from clusterability.data.images import as_float
from clusterability.data.npz import read_arrays
from clusterability.data.own import checked_inputs, checked_targets
from clusterability.errors import DataError

_OWN = ("inputs", "targets")
_OF_A_DATASET = ("test_inputs", "test_labels")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnExamples:
    """Inputs of a network, with their targets where the file has them."""

    source: str
    """How a message names the file."""
    inputs: np.ndarray
    """float32, shape (examples, ...)."""
    targets: np.ndarray | None
    """int64 class numbers, shape (examples,); float32, shape (examples, targets), for a regression."""
    were_bytes: bool
    """Whether inputs were bytes, which are brought to 0 to 1."""

    @property
    def is_regression(self) -> bool:
        """Whether targets are numbers rather than classes."""
        return self.targets is not None and self.targets.dtype.kind == "f"

    def require_fit(self, num_outputs: int) -> None:
        """Raise a DataError unless targets are what so many outputs are compared with."""
        targets = self.targets
        if targets is None:
            return
        if self.is_regression and targets.shape[1] != num_outputs:
            raise DataError(
                f"{self.source}: targets: got shape {targets.shape}, allowed: "
                f"({len(targets)}, {num_outputs}), "
                f"of the network's {num_outputs} outputs, or ({len(targets)},) integers of classes"
            )
        if not self.is_regression and targets.max() >= num_outputs:
            raise DataError(
                f"{self.source}: targets: got classes from {targets.min()} to {targets.max()}, allowed: 0 to "
                f"{num_outputs - 1}, the network's {num_outputs} outputs"
            )


def load_own_examples(path: str) -> OwnExamples:
    """Return the examples of an npz file.

    It holds `inputs` and `targets`, or `inputs` alone, or it is a data set's file (docs/extending.md), of
    which the test set is taken. Inputs: (n, ...), bytes, integers or floats, n at least 2; targets: class
    numbers from 0, (n,), or floats, (n, d), for a regression.

    Raises:
        DataError: a file that is missing, damaged or has other arrays; arrays of the wrong shape or type,
            not finite, or constant targets of a regression.
    """
    arrays, source = read_arrays(path, "data"), f"data: {path}"
    names = _names(source, arrays)
    inputs = checked_inputs(source, names[0], arrays[names[0]])
    targets = None
    if len(names) > 1:
        targets = checked_targets(source, names[1], arrays[names[1]], len(inputs))
    return OwnExamples(
        source=source,
        inputs=as_float(inputs),
        targets=targets,
        were_bytes=inputs.dtype == np.uint8,
    )


def _names(source: str, arrays: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Return which arrays of a file are inputs and targets; unknown names are refused."""
    if set(arrays) in ({"inputs"}, set(_OWN)):
        return _OWN[: len(arrays)]
    if set(_OF_A_DATASET) <= set(arrays) and not set(_OWN) & set(arrays):
        return _OF_A_DATASET
    raise DataError(
        f"{source}: got {', '.join(sorted(arrays)) or 'no array'}, allowed: inputs and targets, or inputs "
        "alone, or a data set's arrays, test_inputs and test_labels among them"
    )
