"""How conditions and numbers are written, the same in tables, figures and the terminal."""

import re
from collections.abc import Iterable
from typing import Any

_SHORT = {
    "penalties.l1.weight": "L1",
    "penalties.l2.weight": "L2",
    "ncut.num_clusters": "k",
    "nulls.num_shuffles": "m",
}


def axis_names(axes: Iterable[str]) -> dict[str, str]:
    """Return a short name for each swept field; fields that would share one keep their dotted name."""
    axes = list(axes)
    short = {axis: _SHORT.get(axis) or _last_words(axis) for axis in axes}
    names = list(short.values())
    return {axis: name if names.count(name) == 1 else axis for axis, name in short.items()}


def is_missing(value: object) -> bool:
    """Say whether a table's cell holds nothing: None, NaN or pandas' NA."""
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def format_value(value: object) -> str:
    """Write an axis value or a setting: three digits, 5e-05 as 5e-5, 64.0 as 64, nothing as a dash.

    Lists and switches are written as in a search space: [64, 64], true.
    """
    if is_missing(value):
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(format_value, value))}]"
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", f"{value:.3g}").replace("e+", "e")


def format_number(value: float, decimals: int) -> str:
    """Write a number with a true minus sign; nothing as a dash."""
    if is_missing(value):
        return "–"
    written = f"{value:.{decimals}f}"
    return written.lstrip("-") if float(written) == 0 else written.replace("-", "−")


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


def shorten(text: str, length: int) -> str:
    """Cut a text that is too long for its place, with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def evenly_spread(count: int, most: int) -> list[int]:
    """Return at most `most` of the positions 0 to count - 1, first and last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(step * (count - 1) / (most - 1)) for step in range(most)})


def condition_label(
    values: dict[str, Any],
    names: dict[str, str],
    control: dict[str, Any] | None,
    settings: dict[str, Any],
) -> str:
    """Describe a condition by its swept values.

    With a control: by what sets it apart from that. Without one, switches and penalties that are off are left
    out. The settings of a penalty that is off are left out in any case. Something is always written: where
    everything would be left out, nothing is. A switch that is on is its name alone.

    Args:
        values: the condition's values on the axes that vary.
        names: short names of these axes.
        control: the control's values on the axes, if there is a control.
        settings: fields held fixed over the sweep.
    """
    if not values:
        return "the one condition"
    differing = values
    if control is not None:
        differing = {axis: value for axis, value in values.items() if value != control[axis]}
        if not differing:
            return "control"
    fields = {**settings, **values}
    told = {axis: value for axis, value in differing.items() if not _is_off(axis, fields, control)}
    return ", ".join(_part(names[axis], value) for axis, value in (told or differing).items())


def penalty_and_setting(axis: str) -> tuple[str, str] | None:
    """Split "penalties.l1.weight" into "l1" and "weight"; None for a field that is no penalty's."""
    if not axis.startswith("penalties."):
        return None
    penalty, _, setting = axis.removeprefix("penalties.").rpartition(".")  # an own one has dots in its name
    return penalty, setting


def _last_words(axis: str) -> str:
    found = penalty_and_setting(axis)
    last = found[0].rsplit(":", 1)[-1] if found and found[1] == "weight" else axis.rsplit(".", 1)[-1]
    return last.replace("_", " ")


def _part(name: str, value: object) -> str:
    if value is True:
        return name
    return f"{name} {'none' if value is None else format_value(value)}"


def _is_off(axis: str, fields: dict[str, Any], control: dict[str, Any] | None) -> bool:
    """Say whether an axis has nothing to tell of a condition with these `fields`."""
    found = penalty_and_setting(axis)
    if found and (found[1] != "weight" or control is None):
        return fields.get(f"penalties.{found[0]}.weight") == 0
    return control is None and fields[axis] is False
