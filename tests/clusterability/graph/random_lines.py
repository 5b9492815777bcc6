"""Random modules: every kind of operation that a forward pass may hold, drawn by hypothesis."""

import torch
from hypothesis import strategies as st
from torch import nn

from . import random_layers as layers
from . import random_movements as movements
from .random_drawing import Drawing, LineOf, Value
from .random_modules import NONLINEAR, Program

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
