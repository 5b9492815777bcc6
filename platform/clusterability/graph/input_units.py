"""The units of a network's input: pixels, features or channels, as the first weights read them."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
import torch

from clusterability.errors import GraphError
from clusterability.graph.signal import Signal, squeezed, with_common_entries

ELEMENTS = -1
"""Stands for the input's layer while an entry is an element of an example rather than a unit."""


@dataclass(kw_only=True, slots=True)
class InputUnits:
    """Which element of an example belongs to which unit, known once something reads them."""

    shape: tuple[int, ...]
    """Shape of one example."""
    of_element: np.ndarray | None = None
    """Unit of each element; None: nothing has read them."""

    def signal(self, num_examples: int) -> Signal:
        """Return the signal of the input, whose entries are elements."""
        size = prod(self.shape)
        ids = torch.arange(size, dtype=torch.int32).reshape(1, *self.shape)
        return Signal(
            ids=ids.expand(num_examples, *self.shape),
            layers=np.full(size, ELEMENTS),
            units=np.arange(size),
            scales=np.ones(size),
        )

    def settled(self, signal: Signal) -> Signal:
        """Return a signal with units in the place of elements, once they are known."""
        elements = signal.layers == ELEMENTS
        if self.of_element is None or not elements.any():
            return signal
        units = np.where(elements, self.of_element[np.where(elements, signal.units, 0)], signal.units)
        layers = np.where(elements, 0, signal.layers)
        return with_common_entries([replace(signal, layers=layers, units=units)])[0]

    def settle(self, signal: Signal, axis: int, label: str) -> None:
        """Let the input's units be what lies along an axis of a signal of its elements.

        Every element is a unit where all lie along that axis, as a linear layer reads them. Otherwise a unit
        is an index into the only axis of the input that the signal's axis corresponds to, as a convolution
        reads channels.

        Raises:
            GraphError: the axis does not tell the elements apart so.
        """
        if self.of_element is not None or not (signal.layers[signal.present] == ELEMENTS).any():
            return
        indices = np.indices(self.shape).reshape(len(self.shape), -1)
        candidates = [np.arange(indices.shape[1]), *indices, np.zeros(indices.shape[1], dtype=np.int64)]
        for units in candidates:
            if self._varies_only_along(signal, units, axis):
                self.of_element = units
                return
        by_position = self._by_position(signal, axis)
        if by_position is None:
            raise GraphError(f"{label}: reads the input along several of its axes at once")
        self.of_element = by_position

    def _varies_only_along(self, signal: Signal, units: np.ndarray, axis: int) -> bool:
        ids = squeezed(signal.ids)
        own = torch.from_numpy(np.append(units[signal.units], -1).astype(np.int32))
        found = signal.moved(own[ids.long()])  # -1 takes the last
        return all(other == axis for other in found.varying_axes())

    def _by_position(self, signal: Signal, axis: int) -> np.ndarray | None:
        ids = squeezed(signal.ids).movedim(axis, 0).reshape(signal.ids.shape[axis], -1).numpy()
        if (ids < 0).any() or (signal.layers != ELEMENTS).any():
            return None
        units = np.full(prod(self.shape), -1)
        elements = signal.units[ids]
        units[elements] = np.arange(len(ids))[:, None]
        told_apart = (units[elements] == np.arange(len(ids))[:, None]).all()
        return units if told_apart and (units >= 0).all() else None
