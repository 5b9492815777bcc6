"""The weights between two layers of a network."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

KernelNorm = Literal["l1", "l2"]
Weighting = Literal["weights", "contribution", "normalised"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """The weights between two layers: unit i of `source` meets unit j of `target` with |matrix[i, j]|."""

    source: int
    """Index of the layer that the weights read from."""
    target: int
    """Index of the layer that the weights write to."""
    matrix: np.ndarray
    """Weights with their signs, shape (units of source, units of target), float64, read-only."""
    kernel_area: int = 1
    """Weights behind each entry: height times width of a convolution's kernel, 1 for a linear layer."""
    kernel_norm: KernelNorm = "l1"
    """How those weights make one entry: sum of absolute values, or root of the sum of squares."""
    places: np.ndarray | None = None
    """True where the layer has weights at all (a grouped convolution lacks some), same shape; None: all."""
    is_skip: bool = False
    """An identity skip: ones that are no weights, so null networks keep them."""

    def restricted(self, sources: np.ndarray, targets: np.ndarray) -> "Block":
        """Return the block between these units only."""
        chosen = np.ix_(sources, targets)
        return replace(
            self,
            matrix=read_only(self.matrix[chosen]),
            places=None if self.places is None else read_only(self.places[chosen]),
        )


def read_only(array: np.ndarray) -> np.ndarray:
    """Return the array itself, which from now on refuses to be changed."""
    array.setflags(write=False)
    return array
