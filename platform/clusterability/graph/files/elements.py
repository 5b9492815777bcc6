"""The parts of a chain that a file can hold: layers of weights, batch norms, PReLUs."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Weights:
    """A linear layer or a convolution."""

    name: str
    """Of the layer in its network; "" where the file is this one layer."""
    weight: torch.Tensor
    """What the layer multiplies with, (out, in) or (out, in, places...), after any reparametrisation."""
    bias: torch.Tensor | None
    """Of shape (out,); None: the layer has none."""

    @property
    def units_out(self) -> int:
        """Units that the weights write to."""
        return self.weight.shape[0]

    @property
    def units_in(self) -> int:
        """Features or channels that the weights read."""
        return self.weight.shape[1]

    @property
    def is_convolution(self) -> bool:
        """Whether the weights have kernels."""
        return self.weight.ndim > 2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Norm:
    """A batch norm in evaluation."""

    name: str
    """Of the layer in its network."""
    gamma: torch.Tensor | None
    """Factor of each unit, (units,); None: ones."""
    beta: torch.Tensor | None
    """What is added to each unit, (units,); None: nothing."""
    mean: torch.Tensor | None
    """Running mean, (units,); None: not in the file."""
    variance: torch.Tensor
    """Running variance, (units,)."""

    @property
    def width(self) -> int:
        """Units or channels."""
        return len(self.variance)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Slope:
    """A PReLU: a nonlinearity that leaves a trace in the file, and no edge in the graph."""

    name: str
    """Of the layer in its network."""
    width: int
    """Slopes: one for all units, or one each."""


Element = Weights | Norm | Slope
