"""Data sets out of one npz file."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from clusterability.errors import DataError, first_line

_UNREADABLE = (
    ValueError, EOFError, OSError, AttributeError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error
)  # fmt: skip
"""What numpy raises for damaged files, files of another kind, and arrays of Python objects."""
NAMES = ("train_inputs", "train_labels", "test_inputs", "test_labels")


def load_npz(path: str) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file: train_inputs, train_labels, test_inputs, test_labels.

    Labels are class numbers from 0, shape (n,), or floating targets, shape (n, d), for a regression. Where
    there are validation_inputs and validation_labels too, none are drawn from the training set.

    Raises:
        DataError: a file that is missing or damaged, or lacks an array.
    """
    arrays = read_arrays(path, "dataset.path")
    missing = [name for name in NAMES if name not in arrays]
    if missing:
        found = ", ".join(sorted(arrays)) or "none"
        raise DataError(f"{path}: no array {', '.join(missing)}; it has {found}")
    return arrays


def read_arrays(path: str, field: str) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file; messages about the path name the `field` that it stands in.

    Raises:
        DataError: a file that is missing or damaged.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{field}: got {path!r}, which is no file in {Path.cwd()}")
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except _UNREADABLE as error:
        raise DataError(f"{path}: not a readable npz file of arrays ({first_line(error)})") from None
