"""How durations are written, the same in progress lines, plans and reports."""

import math


def format_duration(seconds: float) -> str:
    """Write a duration in seconds with its two largest units; NaN as a dash."""
    if not math.isfinite(seconds):
        return "–"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"
