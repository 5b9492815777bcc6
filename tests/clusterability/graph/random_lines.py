"""Random modules: every kind of operation that a forward pass may hold, drawn by hypothesis."""

from collections.abc import Hashable

import torch
from hypothesis import strategies as st
from torch import nn

from . import random_layers as layers
from . import random_movements as movements
from .random_drawing import Drawing, LineOf, Value
from .random_modules import NONLINEAR, Line, Program

INPUT_SHAPES = ((6,), (8,), (3, 6, 6), (2, 8, 8), (4, 6))
MOST_FEATURES = 300

PLAIN_LINES: tuple[LineOf, ...] = (*layers.PLAIN, *movements.PLAIN)
WILD_LINES: tuple[LineOf, ...] = (*layers.WILD, *movements.WILD)


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
            lines: tuple[LineOf, ...] = (layers.plain_layer, layers.plain_layer, movements.flattening)
        else:
            lines = WILD_LINES if random.random() < share_of_wild else PLAIN_LINES
        _add_line(d, random.choice(lines))
    while not any(line.kind == "weights" for line in d.program.needed().lines):
        _add_line(d, layers.linear)
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
    d.values.append(_described(d, line, tuple(value.shape), is_flat=line_of is movements.flattening))


def _described(d: Drawing, line: Line, shape: tuple[int, ...], is_flat: bool) -> Value:
    place, inputs = len(d.program.lines), [d.values[source] for source in line.inputs]
    root: Hashable = place
    if is_flat:
        root = ("flattened", inputs[0].root)
    elif line.kind in ("factor", "shape", *NONLINEAR) and shape == inputs[0].shape:
        root = inputs[0].root
    is_bare = line.kind in ("weights", "add") or (
        line.kind not in NONLINEAR and any(value.is_bare for value in inputs)
    )
    is_padded = any(value.is_padded for value in inputs) and line.kind != "weights"
    return Value(
        place=place,
        shape=shape,
        axis=line.axis,
        root=root,
        is_bare=is_bare,
        is_moved=is_bare
        and line.kind not in ("weights", "add")
        and (line.kind == "other" or any(value.is_moved for value in inputs)),
        is_padded=is_padded or "F.pad" in line.code,
    )
