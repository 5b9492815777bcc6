"""Nulls of the user's own: plain functions of one block's weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterability.errors import ConfigError
from clusterability.graph import Block
from clusterability.own_code import blamed, described


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnNull:
    """Draws a block by a function `(weights, rng) -> weights` and checks what it returns.

    The function is given a copy of one block's |w|, a float64 array of shape (units of source, units of
    target), and a numpy generator, its only source of chance. Identity skips are not given to it.
    """

    name: str
    """Name of the null, for messages."""
    function: Callable[[np.ndarray, np.random.Generator], Any]

    def __call__(
        self, block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Write a drawn block into `drawn`.

        Raises:
            ConfigError: the function fails, or returns what no block of |w| can be.
        """
        with blamed("null", self.name):
            result = np.asarray(self.function(weights.astype(np.float64), rng), dtype=np.float64)
        self._require(result.shape == weights.shape, f"got shape {result.shape}, allowed: {weights.shape}")
        self._require(bool(np.isfinite(result).all()), "got weights that are not finite, allowed: finite |w|")
        self._require(result.min() >= 0, f"got a weight of {result.min():g}, allowed: |w|, 0 or more")
        missing = np.zeros_like(result, dtype=bool) if block.places is None else ~block.places
        self._require(
            not result[missing].any(), "got weights where the block has none, allowed: 0 in those places"
        )
        drawn[:] = result

    def _require(self, condition: bool, problem: str) -> None:
        if not condition:
            raise ConfigError(f"{described('null', self.name)}: {problem}")
