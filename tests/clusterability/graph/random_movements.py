"""Lines that move units and places: views, slices, transpositions, concatenations, paddings."""

import math

from .random_drawing import Drawing, Value, partner
from .random_modules import Line


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
    is_kept = x.axis is not None and math.prod(x.shape[1:]) == x.shape[x.axis]
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
    return d.line(d.choose("{0}[..., 1:]", "{0}[..., ::2]", "{0}[..., :-1]"), x, axis=x.axis)


def one_place(d: Drawing, x: Value) -> Line | None:
    if len(x.shape) != 3:
        return None
    code, dropped = d.choose(
        ("{0}[:, 0]", 1), ("{0}[:, :, 0]", 2), ("{0}.mean(1)", 1), ("{0}.sum(1)", 1), ("{0}.select(1, 0)", 1)
    )
    return d.line(code, x, axis=None if x.axis in (None, dropped) else 1)


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


def padding(d: Drawing, x: Value) -> Line:
    return d.line("F.pad({0}, (0, 1))", x, axis=None if x.axis == len(x.shape) - 1 else x.axis)


PLAIN = (concatenation, flattening, flattening)
WILD = (
    concatenation_of_places, flattening_of_places, slice_of_units, slice_of_units, slice_of_places, one_place,
    transposition, mixing_view, new_axis, squeezing, padding,
)  # fmt: skip
