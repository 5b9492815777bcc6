"""The lines of random modules: every kind of operation that a forward pass may hold, drawn by hypothesis."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import torch
from hypothesis import strategies as st
from torch import nn

from .random_modules import NONLINEAR, Kind, Line, Program

INPUT_SHAPES = ((6,), (8,), (3, 6, 6), (2, 8, 8), (4, 6))
MOST_FEATURES = 300


@dataclass(kw_only=True, slots=True)
class Value:
    """A value of the forward pass: its shape, examples first, and the axis of its units."""

    place: int
    shape: tuple[int, ...]
    axis: int | None
    root: int
    """The value of which this one is an elementwise function."""
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
        self, code: str, *values: Value, kind: Kind = "other", axis: int | None = None, slope_one: str = "{0}"
    ) -> Line:
        places = tuple(value.place for value in values)
        return Line(code=code, inputs=places, kind=kind, axis=axis, slope_one=slope_one)

    def reshaped(self, code: str, x: Value, axis: int | None) -> Line:
        """Return a line of another shape; no axis: units are folded with places."""
        return self.line(code, x, kind="other" if axis is None else "shape", axis=axis)


LineOf = Callable[[Drawing, Value], Line | None]


def linear(d: Drawing, x: Value) -> Line:
    width, last = d.number(2, 7), x.shape[-1]
    form = d.choose("layer", "layer", "layer", "functional", "matmul")
    if form == "layer":
        bias = d.choose("", ", bias=False")
        code = d.part(f"nn.Linear({last}, {width}{bias})") + "({0})"
    elif form == "functional":
        code = f"F.linear({{0}}, {d.part(f'nn.Parameter(torch.randn({width}, {last}))')})"
    else:
        code = f"{{0}} @ {d.part(f'nn.Parameter(torch.randn({last}, {width}))')}"
    return d.line(code, x, kind="weights", axis=len(x.shape) - 1)


def plain_linear(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 2:
        return None
    return d.line(d.part(f"nn.Linear({x.shape[1]}, {d.number(2, 7)})") + "({0})", x, kind="weights", axis=1)


def convolution(d: Drawing, x: Value) -> Line | None:
    dimensions = len(x.shape) - 2
    if dimensions not in (1, 2) or min(x.shape[2:]) < 3:  # some place must read the whole kernel
        return None
    channels = x.shape[1]
    groups = d.choose(*[size for size in (1, 1, 1, 2, channels) if channels % size == 0])
    options = d.choose("3, padding=1", "3, padding=1", "1", "2", "3", "2, stride=2", "2, dilation=2")
    code = f"nn.Conv{dimensions}d({channels}, {groups * d.number(1, 5)}, {options}, groups={groups})"
    return d.line(d.part(code) + "({0})", x, kind="weights", axis=1)


def plain_layer(d: Drawing, x: Value) -> Line | None:
    return plain_linear(d, x) or convolution(d, x) or flattening(d, x)


def transposed_convolution(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 4 or min(x.shape[2:]) < 3:
        return None
    return d.line(d.part(f"nn.ConvTranspose2d({x.shape[1]}, 3, 2)") + "({0})", x, kind="weights", axis=1)


def homogeneous(d: Drawing, x: Value) -> Line:
    spelled = (
        "torch.relu({0})",
        "F.relu({0})",
        "{0}.relu()",
        "F.leaky_relu({0}, 0.1)",
        "torch.clamp({0}, min=0)",
    )
    name = d.choose("", "ReLU()", "LeakyReLU()", "PReLU()", f"PReLU({x.shape[1]})")
    code = d.part(f"nn.{name}") + "({0})" if name else d.choose(*spelled)
    return d.line(code, x, kind="homogeneous", axis=x.axis)


def nonlinearity(d: Drawing, x: Value) -> Line:
    spelled = ("torch.tanh({0})", "F.gelu({0})", "{0}.sigmoid()", "F.silu({0})")
    name = d.choose("", "GELU()", "Tanh()", "SiLU()", "ReLU6()")
    code = d.part(f"nn.{name}") + "({0})" if name else d.choose(*spelled)
    return d.line(code, x, kind="nonlinearity", axis=x.axis)


def pooling(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 4 or min(x.shape[2:]) < 2 or x.is_padded:
        return None
    module = d.choose("nn.MaxPool2d(2)", "nn.AvgPool2d(2)", "nn.AdaptiveAvgPool2d(1)", "")
    functional = d.choose(
        "F.max_pool2d({0}, 2)", "F.avg_pool2d({0}, 2)", "F.adaptive_avg_pool2d({0}, (1, 1))"
    )
    code = d.part(module) + "({0})" if module else functional
    mean = (
        "F.adaptive_avg_pool2d({0}, 1)"
        if "daptive" in code or "Adaptive" in module
        else "F.avg_pool2d({0}, 2)"
    )
    return d.line(code, x, kind="homogeneous", axis=x.axis, slope_one=mean)


def mean_of_places(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) < 3 or x.axis != 1 or x.is_padded or all(size == 1 for size in x.shape[2:]):
        return None
    dims = "(2, 3)" if len(x.shape) == 4 else "2"
    forms = (f"{{0}}.mean({dims})", f"torch.mean({{0}}, dim={dims})", f"{{0}}.sum({dims})")
    return d.line(d.choose(*forms), x, axis=1)


def mean_of_units(d: Drawing, x: Value) -> Line:
    return d.line(d.choose("{0}.mean(1, keepdim=True)", "{0} - {0}.mean(1, keepdim=True)"), x)


def batch_norm(d: Drawing, x: Value) -> Line | None:
    if x.axis is None and len(x.shape) > 2:
        return None
    name = "BatchNorm2d" if len(x.shape) == 4 else "BatchNorm1d"
    affine = d.choose("", "", ", affine=False")
    return d.line(d.part(f"nn.{name}({x.shape[1]}{affine})") + "({0})", x, kind="factor", axis=x.axis)


def other_norm(d: Drawing, x: Value) -> Line:
    codes = [f"nn.LayerNorm({x.shape[-1]})", f"nn.GroupNorm(1, {x.shape[1]})"]
    return d.line(d.part(d.choose(*codes)) + "({0})", x, axis=x.axis)


def factor(d: Drawing, x: Value) -> Line:
    forms = (
        "{0} / 255.0",
        "{0} * 0.5",
        "0.25 * {0}",
        "-{0}",
        "{0} - 0.5",
        "{0} + 1",
        "torch.mul({0}, 3.0)",
        "{0}.div(4)",
    )
    return d.line(d.choose(*forms), x, kind="factor", axis=x.axis)


def factor_of_each_feature(d: Drawing, x: Value) -> Line:
    parameter = d.part(f"nn.Parameter(torch.randn({x.shape[-1]}))")
    return d.line(d.choose(f"{{0}} * {parameter}", f"{{0}} + {parameter}"), x, kind="factor", axis=x.axis)


def passed_on(d: Drawing, x: Value) -> Line:
    forms = (
        d.part("nn.Dropout(0.5)") + "({0})", d.part("nn.Identity()") + "({0})", "{0}.contiguous()",
        "F.dropout({0}, 0.5, self.training)", "{0}.clone()", "{0}.float()",
    )  # fmt: skip
    return d.line(d.choose(*forms), x, kind="shape", axis=x.axis)


def partner(d: Drawing, x: Value, fits: Callable[[Value], bool]) -> Value | None:
    others = [other for other in d.values if other.place != x.place and fits(other)]
    return d.choose(*others) if others else None


def addition(d: Drawing, x: Value) -> Line | None:
    if x.axis is None:
        return None
    other = partner(d, x, lambda value: value.shape == x.shape and value.axis == x.axis)
    if other is None:
        return None
    return d.line(
        d.choose("{0} + {1}", "torch.add({0}, {1})", "{0}.add({1})"), x, other, kind="add", axis=x.axis
    )


def scaled_residual(d: Drawing, x: Value) -> Line | None:
    if x.axis is None:
        return None
    other = partner(d, x, lambda value: value.shape == x.shape and value.axis == x.axis)
    if other is None:
        return None
    forms = ("{0} + 0.5 * {1}", "torch.add({0}, {1}, alpha=0.5)", "{0} - {1}", "torch.lerp({0}, {1}, 0.3)")
    return d.line(d.choose(*forms), x, other, kind="add", axis=x.axis)


def sum_with_itself(d: Drawing, x: Value) -> Line | None:
    return None if x.axis is None else d.line("{0} + {1}", x, x, kind="add", axis=x.axis)


def product(d: Drawing, x: Value) -> Line | None:
    """Return a product of two values; of one unit's it is a nonlinearity such as x * sigmoid(x)."""
    other = partner(d, x, lambda value: value.shape == x.shape)
    if other is None:
        return None
    kind = "nonlinearity" if other.root == x.root else "other"
    return d.line("{0} * {1}", x, other, kind=kind, axis=x.axis)


def gate(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 4:
        return None
    convolution = d.part(f"nn.Conv2d({x.shape[1]}, {x.shape[1]}, 1)")
    return d.line(f"{{0}} * torch.sigmoid({convolution}({{0}}.mean((2, 3), keepdim=True)))", x, axis=x.axis)


def concatenation(d: Drawing, x: Value) -> Line | None:
    other = partner(d, x, lambda value: value.shape[2:] == x.shape[2:] and len(value.shape) == len(x.shape))
    if other is None:
        return None
    forms = ["torch.cat([{0}, {1}], dim=1)", "torch.concat(({0}, {1}), 1)"]
    if len(x.shape) == 2:
        forms.append("torch.cat([{0}, {1}], -1)")
    axis = 1 if x.axis == other.axis == 1 else None
    return d.line(d.choose(*forms), x, other, axis=axis)


def concatenation_of_places(d: Drawing, x: Value) -> Line | None:
    other = partner(d, x, lambda value: value.shape == x.shape)
    if other is None or len(x.shape) < 3:
        return None
    return d.line("torch.cat([{0}, {1}], -1)", x, other, axis=x.axis)


def flattening(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) < 3:
        return None
    forms = (
        "torch.flatten({0}, 1)", "{0}.flatten(1)", "{0}.view({0}.size(0), -1)",
        "{0}.reshape({0}.shape[0], -1)", d.part("nn.Flatten()") + "({0})",
    )  # fmt: skip
    is_kept = x.axis == 1 and all(size == 1 for size in x.shape[2:])
    return d.reshaped(d.choose(*forms), x, 1 if is_kept else None)


def flattening_of_places(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 4:
        return None
    size = x.shape[1]
    code = d.choose("torch.flatten({0}, 2)", f"{{0}}.view({{0}}.size(0), {size}, -1)")
    return d.reshaped(code, x, 1 if x.axis == 1 else None)


def slice_of_units(d: Drawing, x: Value) -> Line | None:
    if x.shape[1] < 3:
        return None
    half = x.shape[1] // 2
    forms = (f"{{0}}[:, :{half}]", f"{{0}}[:, {half}:]", "{0}[:, ::2]", "{0}[:, 1:-1]", "{0}.chunk(2, 1)[0]",
             f"torch.split({{0}}, {half}, 1)[1]", f"{{0}}.narrow(1, 1, {half})", "{0}[:, [0, 2, 1]]",
             f"torch.split({{0}}, [{half}, {x.shape[1] - half}], dim=1)[0]", "{0}.flip(1)",
             "{0}.roll(1, 1)")  # fmt: skip
    return d.line(d.choose(*forms), x, axis=1 if x.axis == 1 else x.axis)


def slice_of_places(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) < 3 or x.shape[-1] < 3:
        return None
    code = d.choose("{0}[..., 1:]", "{0}[..., ::2]", "{0}[..., :-1]")
    is_of_places = x.axis is not None and x.axis < len(x.shape) - 1
    return d.reshaped(code, x, x.axis) if is_of_places else d.line(code, x, axis=x.axis)


def one_place(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 3:
        return None
    return d.line(d.choose("{0}[:, 0]", "{0}[:, :, 0]", "{0}.mean(1)", "{0}.sum(1)", "{0}.select(1, 0)"), x)


def transposition(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) == 4:
        order = d.choose((0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2))
        axis = None if x.axis is None else order.index(x.axis)
        return d.reshaped(f"{{0}}.permute{order}", x, axis)
    if len(x.shape) == 3:
        code = d.choose("{0}.transpose(1, 2)", "{0}.permute(0, 2, 1)", "{0}.mT")
        return d.reshaped(code, x, None if x.axis is None else 3 - x.axis)
    return None


def mixing_view(d: Drawing, x: Value) -> Line | None:
    if x.shape[1] % 2 or x.shape[1] < 4:
        return None
    rest = "".join(f", {size}" for size in x.shape[2:])
    half = x.shape[1] // 2
    shuffle = f"{{0}}.reshape(-1, 2, {half}{rest}).transpose(1, 2).reshape(-1, {x.shape[1]}{rest})"
    forms = [(shuffle, x.axis if x.axis == 1 else None), (f"{{0}}.reshape(-1, {half}, 2{rest})", None)]
    if len(x.shape) == 2:
        forms.append((f"{{0}}.view(-1, 2, {half})", None))
    code, axis = d.choose(*forms)
    return d.line(code, x, axis=axis)


def new_axis(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) == 4:
        return None
    code, moved = d.choose(
        ("{0}[:, None]", 1), ("{0}.unsqueeze(1)", 1), ("{0}[..., None]", 0), ("{0}.unsqueeze(-1)", 0)
    )
    return d.reshaped(code, x, None if x.axis is None else x.axis + moved)


def squeezing(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) == 4 and x.shape[2:] == (1, 1):
        code = d.choose("{0}.squeeze(-1).squeeze(-1)", "{0}[:, :, 0, 0]")
        return d.reshaped(code, x, 1 if x.axis == 1 else None)
    if len(x.shape) == 3 and x.shape[1] == 1:
        return d.reshaped(d.choose("{0}.squeeze(1)", "{0}[:, 0]"), x, 1 if x.axis == 2 else None)
    return None


def layer_used_again(d: Drawing, x: Value) -> Line | None:
    fitting = (f"nn.Linear({x.shape[-1]},", f"nn.Conv{len(x.shape) - 2}d({x.shape[1]},")
    names = [name for name, code in d.program.parts.items() if code.startswith(fitting)]
    if not names:
        return None
    name = d.choose(*names)
    axis = len(x.shape) - 1 if "Linear" in d.program.parts[name] else 1
    return d.line(f"self.{name}({{0}})", x, kind="weights", axis=axis)


def attention(d: Drawing, x: Value) -> Line | None:
    return None if len(x.shape) != 3 else d.line("torch.softmax({0} @ {0}.transpose(1, 2), -1) @ {0}", x)


def padding(d: Drawing, x: Value) -> Line:
    is_of_places = x.axis is not None and x.axis < len(x.shape) - 1
    return d.reshaped("F.pad({0}, (0, 1))", x, x.axis if is_of_places else None)


PLAIN_LINES: tuple[LineOf, ...] = (
    plain_linear, plain_linear, convolution, convolution, homogeneous, homogeneous, nonlinearity, pooling,
    batch_norm, batch_norm, passed_on, addition, addition, concatenation, flattening, flattening,
)  # fmt: skip
WILD_LINES: tuple[LineOf, ...] = (
    linear, transposed_convolution, mean_of_places, mean_of_units, other_norm, factor,
    factor_of_each_feature, scaled_residual, sum_with_itself, product, gate, concatenation_of_places,
    flattening_of_places,
    slice_of_units, slice_of_units, slice_of_places, one_place, transposition, mixing_view, new_axis,
    squeezing, layer_used_again, attention, padding,
)  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a module of up to 10 lines, about a third of them layers with weights."""
    random = draw(st.randoms(use_true_random=True))  # hypothesis's own choices are mostly short modules
    d = Drawing(random=random, program=Program(input_shape=random.choice(INPUT_SHAPES)))
    d.tensors.append(d.program.example())
    d.values.append(Value(place=0, shape=(2, *d.program.input_shape), axis=1, root=0))
    share_of_wild = random.choice((0, 0.05, 0.15, 0.5))
    wanted = draw(st.integers(3, 10))
    for _ in range(5 * wanted):
        if len(d.program.lines) == wanted:
            break
        if random.random() < 0.3:
            lines: tuple[LineOf, ...] = (plain_layer,)
        else:
            lines = WILD_LINES if random.random() < share_of_wild else PLAIN_LINES
        _add_line(d, random.choice(lines))
    while not any(line.kind == "weights" for line in d.program.needed().lines):
        _add_line(d, linear)
    return d.program.needed()


def _add_line(d: Drawing, line_of: LineOf) -> None:
    """Add a line that reads the newest value, or now and then an older one, if it runs."""
    newest = d.random.random() < 0.85
    line = line_of(d, d.values[-1] if newest else d.choose(*d.values))
    if line is None:
        return
    for name, code in d.program.parts.items():
        if not hasattr(d.module, name):
            setattr(d.module, name, eval(code, {"nn": nn, "torch": torch}))
    d.module.eval()
    try:
        with torch.no_grad():
            value = line.run(d.module, [d.tensors[place] for place in line.inputs])
    except (RuntimeError, ValueError, IndexError, TypeError):
        return
    if value.ndim < 2 or value.numel() > 2 * MOST_FEATURES or value.shape[0] != 2 or not value.numel():
        return
    d.program.lines.append(line)
    d.tensors.append(value)
    place = len(d.program.lines)
    is_elementwise = (
        line.kind in ("factor", "shape", *NONLINEAR) and value.shape == d.tensors[line.inputs[0]].shape
    )
    root = d.values[line.inputs[0]].root if is_elementwise else place
    is_padded = "F.pad" in line.code or (
        line.kind != "weights" and any(d.values[source].is_padded for source in line.inputs)
    )
    shape = tuple(value.shape)
    d.values.append(Value(place=place, shape=shape, axis=line.axis, root=root, is_padded=is_padded))
