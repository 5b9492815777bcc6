"""Modules as lines of code: what `random_lines` draws and `oracle` takes apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

Kind = Literal["weights", "factor", "shape", "add", "homogeneous", "nonlinearity", "other"]
"""What a line does to units: a layer's output; a factor or a constant for each place; another shape, units in
order; a sum of two values; a nonlinearity or pooling with f(c x) = c f(x) for c > 0; another elementwise one;
anything else."""
NONLINEAR = ("homogeneous", "nonlinearity")
NAMESPACE = {"torch": torch, "nn": nn, "F": functional}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """`v{number} = code`, where the code's `{0}` and `{1}` are values of earlier lines, `v0` the input."""

    code: str
    inputs: tuple[int, ...]
    kind: Kind = "other"
    slope_one: str = "{0} * 1.0"
    """The code of a nonlinearity whose slope is one everywhere: identity, or a mean for a pooling."""
    axis: int | None = None
    """Where the units are in the value; None: they are folded with other things."""

    def run(
        self, module: nn.Module, given: Sequence[torch.Tensor], *, slope_one: bool = False
    ) -> torch.Tensor:
        """Return the line's value, `given` those of its inputs in their order."""
        code = self.slope_one if slope_one and self.kind in NONLINEAR else self.code
        code = code.replace(".float()", ".double()") if slope_one else code
        scope = {f"given{position}": value for position, value in enumerate(given)}
        return eval(code.format(*scope), NAMESPACE | {"self": module} | scope)


@dataclass(kw_only=True, slots=True)
class Program:
    """A module as code: what its constructor makes, and the lines of its forward pass."""

    input_shape: tuple[int, ...]
    parts: dict[str, str] = field(default_factory=dict)
    """Layers and parameters, name to code."""
    lines: list[Line] = field(default_factory=list)

    def uses(self, place: int) -> int:
        """Return how often a value is read; the last one is returned."""
        return sum(line.inputs.count(place) for line in self.lines) + (place == len(self.lines))

    def forward_code(self) -> str:
        """Return the source of the forward pass."""
        body = [
            f"    v{number} = {line.code.format(*(f'v{place}' for place in line.inputs))}"
            for number, line in enumerate(self.lines, 1)
        ]
        return "\n".join(["def forward(self, v0):", *body, f"    return v{len(self.lines)}"])

    def __str__(self) -> str:
        """Return the module as a person would write it."""
        parts = [f"self.{name} = {code}" for name, code in self.parts.items()]
        return "\n".join([f"# input {self.input_shape}", *parts, self.forward_code()])

    def module(self) -> nn.Module:
        """Return the module with seeded weights and statistics as if trained, in evaluation mode."""
        scope: dict[str, Any] = {}
        exec(self.forward_code(), NAMESPACE, scope)
        drawn = type("Drawn", (nn.Module,), {"forward": scope["forward"]})()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for name, code in self.parts.items():
                setattr(drawn, name, eval(code, NAMESPACE))
            _train(drawn)
        return drawn.eval()

    def example(self) -> torch.Tensor:
        """Return two examples of the input."""
        return torch.rand(2, *self.input_shape, generator=torch.Generator().manual_seed(1))

    def needed(self) -> "Program":
        """Return the program without the lines and parts that its result does not need."""
        wanted = {len(self.lines)}
        for number in range(len(self.lines), 0, -1):
            if number in wanted:
                wanted.update(self.lines[number - 1].inputs)
        places = {old: new for new, old in enumerate(sorted(wanted | {0}))}
        lines = [
            replace(line, inputs=tuple(places[place] for place in line.inputs))
            for number, line in enumerate(self.lines, 1)
            if number in wanted
        ]
        parts = {
            name: code
            for name, code in self.parts.items()
            if any(f"self.{name}" in line.code for line in lines)
        }
        return Program(input_shape=self.input_shape, parts=parts, lines=lines)


def _train(module: nn.Module) -> None:
    """Give norms factors and statistics as if trained."""
    for layer in module.modules():
        if getattr(layer, "running_var", None) is not None:
            nn.init.uniform_(layer.running_var, 0.3, 3)
            nn.init.normal_(layer.running_mean)
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm) and layer.affine:
            nn.init.uniform_(layer.weight, 0.5, 2)
