"""Lines with weights, nonlinearities, norms, factors and sums."""

from .random_drawing import Drawing, Value, partner
from .random_modules import Line


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
    return plain_linear(d, x) or convolution(d, x)


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
    if (x.axis is None and len(x.shape) > 2) or x.is_moved:
        return None
    name = "BatchNorm2d" if len(x.shape) == 4 else "BatchNorm1d"
    affine = d.choose("", "", ", affine=False")
    return d.line(d.part(f"nn.{name}({x.shape[1]}{affine})") + "({0})", x, kind="factor", axis=x.axis)


def other_norm(d: Drawing, x: Value) -> Line:
    codes = [f"nn.LayerNorm({x.shape[-1]})", f"nn.GroupNorm(1, {x.shape[1]})"]
    return d.line(d.part(d.choose(*codes)) + "({0})", x, axis=x.axis)


def factor(d: Drawing, x: Value) -> Line | None:
    if x.is_moved:
        return None
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


def factor_of_each_feature(d: Drawing, x: Value) -> Line | None:
    if x.is_moved:
        return None
    parameter = d.part(f"nn.Parameter(torch.randn({x.shape[-1]}))")
    return d.line(d.choose(f"{{0}} * {parameter}", f"{{0}} + {parameter}"), x, kind="factor", axis=x.axis)


def passed_on(d: Drawing, x: Value) -> Line:
    forms = (
        d.part("nn.Dropout(0.5)") + "({0})", d.part("nn.Identity()") + "({0})", "{0}.contiguous()",
        "F.dropout({0}, 0.5, self.training)", "{0}.clone()", "{0}.float()",
    )  # fmt: skip
    return d.line(d.choose(*forms), x, kind="shape", axis=x.axis)


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


PLAIN = (
    plain_linear, plain_linear, convolution, convolution, homogeneous, homogeneous, nonlinearity, pooling,
    batch_norm, batch_norm, passed_on, addition, addition,
)  # fmt: skip
WILD = (
    linear, transposed_convolution, mean_of_places, mean_of_units, other_norm, factor, factor_of_each_feature,
    scaled_residual, sum_with_itself, product, gate, layer_used_again, attention,
)  # fmt: skip
