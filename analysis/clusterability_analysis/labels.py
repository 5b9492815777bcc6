"""How conditions and numbers are written, the same in tables, figures and the terminal."""

import math
import re
from collections.abc import Iterable

REGULARISERS = (
    "training.clusterability_weight",
    "training.l1_weight",
    "training.l2_weight",
    "model.dropout",
)
"""Fields whose value 0 means that nothing is added; a condition with all of them at 0 is a control."""

_SHORT = {
    "training.clusterability_weight": "clusterability",
    "training.clusterability_eigenvalues": "eigenvalues",
    "training.clusterability_edges": "edges",
    "training.l1_weight": "L1",
    "training.l2_weight": "L2",
    "ncut.num_clusters": "k",
    "nulls.num_shuffles": "m",
}


def axis_names(axes: Iterable[str]) -> dict[str, str]:
    """Return a short name for each swept field; fields that would share one keep their dotted name."""
    axes = list(axes)
    short = {axis: _SHORT.get(axis, axis.rsplit(".", 1)[-1].replace("_", " ")) for axis in axes}
    names = list(short.values())
    return {axis: name if names.count(name) == 1 else axis for axis, name in short.items()}


def is_missing(value: object) -> bool:
    """Say whether a table's cell holds nothing: None, NaN or pandas' NA."""
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def format_value(value: object) -> str:
    """Write an axis value or a setting: three digits, 5e-05 as 5e-5, 64.0 as 64, nothing as a dash."""
    if is_missing(value):
        return "–"
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", f"{value:.3g}").replace("e+", "e")


def format_number(value: float, decimals: int) -> str:
    """Write a number with a true minus sign; nothing as a dash."""
    if is_missing(value):
        return "–"
    return f"{value:.{decimals}f}".replace("-", "−")


def format_spread(mean: float, sd: float, decimals: int) -> str:
    """Write mean ± standard deviation, or the mean alone where a single replicate has no spread."""
    written = format_number(mean, decimals)
    return written if is_missing(sd) else f"{written} ± {format_number(sd, decimals)}"


def format_probability(value: float) -> str:
    """Write a p- or q-value: three decimals, small ones as 2e-5."""
    if is_missing(value):
        return "–"
    if value >= 0.001:
        return f"{value:.3f}"
    return re.sub(r"e-0*(\d)", r"e-\1", f"{value:.0e}")


def format_seconds(seconds: float) -> str:
    """Write a duration with its two largest units."""
    if is_missing(seconds) or not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"


def shorten(text: str, length: int) -> str:
    """Cut a text that is too long for its place, with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def evenly_spread(count: int, most: int) -> list[int]:
    """Return at most `most` of the positions 0 to count - 1, first and last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(step * (count - 1) / (most - 1)) for step in range(most)})


def condition_label(values: dict[str, object], names: dict[str, str]) -> str:
    """Describe a condition by its swept values.

    Left out are regularisers that are off, switches that are off, and the settings of a clusterability
    penalty that is off; a switch that is on is its name alone.
    """
    if not values:
        return "the one condition"
    parts = [_part(names[axis], value) for axis, value in values.items() if not _is_off(axis, value, values)]
    if parts:
        return ", ".join(parts)
    if any(axis in REGULARISERS for axis in values):
        return "no regulariser"
    return ", ".join(_part(names[axis], value) for axis, value in values.items())


def _part(name: str, value: object) -> str:
    return name if str(value) == "True" else f"{name} {format_value(value)}"


def _is_off(axis: str, value: object, values: dict[str, object]) -> bool:
    weight = "training.clusterability_weight"
    if axis != weight and axis.startswith("training.clusterability_") and values.get(weight) == 0:
        return True
    return str(value) == "False" or (axis in REGULARISERS and value == 0)
