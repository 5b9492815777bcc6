"""A figure as the page shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """One drawn figure with its texts."""

    svg: str
    """The whole SVG file."""
    caption: str
    """Text below it."""
    alternative: str
    """The same in words, for readers who do not see it."""
