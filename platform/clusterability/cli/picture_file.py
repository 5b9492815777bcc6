"""The file that `measure --plot` writes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from clusterability.errors import StorageError
from clusterability.files import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PICTURES = (".pdf", ".png", ".svg")
_DOTS_PER_INCH = 150


def check_picture(path: Path) -> None:
    """Say before minutes of work that the picture could not be kept.

    Raises:
        StorageError: a suffix of no known kind, or a folder that is not there or cannot be written.
    """
    if path.suffix not in _PICTURES:
        raise StorageError(f"plot {str(path)!r}: got suffix {path.suffix!r}, allowed: {', '.join(_PICTURES)}")
    if path.is_dir() or not path.parent.is_dir():
        raise StorageError(f"plot {str(path)!r}: got no file in a folder that exists, allowed: such a file")
    if not os.access(path.parent, os.W_OK):
        raise StorageError(f"plot {str(path)!r}: its folder cannot be written, allowed: one that can")


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a figure whole.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        with written_whole(path) as draft:
            figure.savefig(draft, dpi=_DOTS_PER_INCH)
    except OSError as error:
        raise StorageError(f"plot {str(path)!r} cannot be written: {error.strerror or error}") from error
