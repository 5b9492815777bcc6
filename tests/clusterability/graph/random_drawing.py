"""A random module while it is drawn: its lines so far, their values, and how a line is made."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from random import Random

import torch
from torch import nn

from .random_modules import Kind, Line, Program


@dataclass(kw_only=True, slots=True)
class Value:
    """A value of the forward pass: its shape, examples first, and the axis of its units."""

    place: int
    shape: tuple[int, ...]
    axis: int | None
    root: Hashable
    """The value of which this one is an elementwise function, flattened or not."""
    is_bare: bool = False
    """A layer's output, and no nonlinearity since."""
    is_moved: bool = False
    """The same, and units or places have been left out or moved: whether a factor belongs to the layer or
    to what reads it is then a matter of taste."""
    is_padded: bool = False
    """Some places are no unit's, so that a mean over places is not of units alone."""


@dataclass(kw_only=True)
class Drawing:
    """A program while it is drawn."""

    random: Random
    program: Program
    values: list[Value] = field(default_factory=list)
    tensors: list[torch.Tensor] = field(default_factory=list)
    module: nn.Module = field(default_factory=nn.Module)

    def choose(self, *options):
        return self.random.choice(options)

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def part(self, code: str) -> str:
        """Add a layer or a parameter; return how the forward pass calls it."""
        name = f"p{len(self.program.parts):02d}"
        self.program.parts[name] = code
        return f"self.{name}"

    def line(
        self,
        code: str,
        *values: Value,
        kind: Kind = "other",
        axis: int | None = None,
        slope_one: str = "{0} * 1.0",
    ) -> Line:
        places = tuple(value.place for value in values)
        return Line(code=code, inputs=places, kind=kind, axis=axis, slope_one=slope_one)

    def reshaped(self, code: str, x: Value, axis: int | None) -> Line:
        """Return a line of another shape; no axis: units are folded with places."""
        return self.line(code, x, kind="other" if axis is None else "shape", axis=axis)


LineOf = Callable[[Drawing, Value], Line | None]
"""Makes a line that reads a value; None: it reads no such value."""


def partner(d: Drawing, x: Value, fits: Callable[[Value], bool]) -> Value | None:
    others = [other for other in d.values if other.place != x.place and fits(other)]
    return d.choose(*others) if others else None
