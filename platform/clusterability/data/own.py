"""Data sets of the user's own: what a function or a file gives, checked until it can be trusted."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clusterability.data.dataset import RawDataset
from clusterability.data.npz import NAMES
from clusterability.errors import DataError, first_line

_VALIDATION = ("validation_inputs", "validation_labels")
_FORMS = (
    "a mapping with train_inputs, train_labels, test_inputs, test_labels, or these four arrays in order; "
    "validation_inputs and validation_labels may follow"
)


def checked_dataset(source: str, given: Any) -> RawDataset:
    """Return the data set of the arrays that `source` gave.

    Inputs: (n, ...), bytes (0 to 255) or floating; labels: class numbers from 0, (n,), or floating targets,
    (n, d). The number of classes is one more than the largest label of the training set.

    Raises:
        DataError: arrays that are missing, not finite, of the wrong shape or type, or labels out of range;
            the message begins with `source`.
    """
    arrays = {name: _array(source, name, array) for name, array in _named(source, given).items()}
    shape = arrays["train_inputs"].shape[1:]
    for name in arrays:
        if name.endswith("_inputs"):
            arrays[name] = _inputs(source, name, arrays[name], shape)
    train = arrays["train_labels"]
    regression = train.dtype.kind == "f"
    check = _targets if regression else _classes
    num_outputs = (train.shape[1:] or (0,))[0] if regression else int(train.max(initial=-1)) + 1
    for name in arrays:
        if name.endswith("_labels"):
            _require_as_many(source, name, arrays)
            arrays[name] = check(source, name, arrays[name], num_outputs)
    return RawDataset(**arrays, num_classes=num_outputs)


def checked_inputs(source: str, name: str, given: np.ndarray) -> np.ndarray:
    """Return inputs that one network is measured on: (n, ...), n at least 2, bytes or finite float32.

    Raises:
        DataError: an array of another shape or type, or not finite; the message begins with `source`.
    """
    if given.ndim < 2 or not given.size or len(given) < 2:
        raise DataError(f"{source}: {name}: got shape {given.shape}, allowed: (n, ...), n 2 or more")
    return _inputs(source, name, given, given.shape[1:])


def checked_targets(source: str, name: str, given: np.ndarray, num_examples: int) -> np.ndarray:
    """Return targets of so many inputs: int64 class numbers, (n,), or finite float32, (n, d).

    Raises:
        DataError: an array of another shape or type, not finite, classes below 0, or targets of a regression
            that do not vary; the message begins with `source`.
    """
    classes = given.ndim == 1 and given.dtype.kind in "iu"
    numbers = given.ndim == 2 and given.dtype.kind == "f" and given.shape[1] > 0
    if not (classes or numbers) or len(given) != num_examples:
        raise DataError(
            f"{source}: {name}: got shape {given.shape} of {given.dtype}, allowed: ({num_examples},) "
            f"integers, or ({num_examples}, d) floats for a regression, one for each input"
        )
    if classes:
        numbered = given.astype(np.int64)
        if numbered.min() < 0:
            raise DataError(f"{source}: {name}: got classes from {numbered.min()}, allowed: 0 or more")
        return numbered
    single = _finite(source, name, given)
    if not np.ptp(single, axis=0).any():
        raise DataError(f"{source}: {name}: got targets that do not vary, allowed: ones that do")
    return single


def _named(source: str, given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        arrays: dict[str, Any] = {name: given[name] for name in (*NAMES, *_VALIDATION) if name in given}
    elif isinstance(given, tuple | list) and len(given) in (4, 6):
        arrays = dict(zip((*NAMES, *_VALIDATION), given, strict=False))
    else:
        size = f" of {len(given)}" if isinstance(given, tuple | list) else ""
        raise DataError(f"{source}: got a {type(given).__name__}{size}, allowed: {_FORMS}")
    missing = [name for name in NAMES if name not in arrays]
    if missing or (_VALIDATION[0] in arrays) != (_VALIDATION[1] in arrays):
        raise DataError(f"{source}: got {', '.join(arrays) or 'no known array'}, allowed: {_FORMS}")
    return arrays


def _array(source: str, name: str, given: Any) -> np.ndarray:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:  # rows of several lengths; tensors on a GPU
        raise DataError(f"{source}: {name}: is no array: {first_line(error)}") from None


def _inputs(source: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if array.ndim < 2 or not array.size or array.shape[1:] != shape:
        same = f", here {shape}" if len(shape) and array.shape[1:] != shape else ""
        raise DataError(
            f"{source}: {name}: got shape {array.shape}, allowed: (n, ...), n examples of one shape, "
            f"the same for each set{same}"
        )
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "fiu":
        raise DataError(f"{source}: {name}: got type {array.dtype}, allowed: bytes, integers or floats")
    return _finite(source, name, array)


def _classes(source: str, name: str, array: np.ndarray, num_classes: int) -> np.ndarray:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(
            f"{source}: {name}: got shape {array.shape} of {array.dtype}, allowed: (n,) integers, or "
            "(n, d) floats for a regression"
        )
    if num_classes < 2 or array.min() < 0 or array.max() >= num_classes:
        raise DataError(
            f"{source}: {name}: got labels from {array.min()} to {array.max()}, allowed: 0 to "
            f"{max(num_classes - 1, 1)}, the classes of the training set"
        )
    absent = np.setdiff1d(np.arange(num_classes), array)
    if name == "train_labels" and len(absent):
        raise DataError(
            f"{source}: {name}: no example of class {absent[0]}, allowed: every class from 0 to the largest, "
            f"here {num_classes - 1}"
        )
    return array.astype(np.int64)


def _targets(source: str, name: str, array: np.ndarray, num_targets: int) -> np.ndarray:
    if array.ndim != 2 or array.dtype.kind != "f" or array.shape[1] != num_targets or not num_targets:
        raise DataError(
            f"{source}: {name}: got shape {array.shape} of {array.dtype}, allowed: (n, d) floats for a "
            "regression, or (n,) integers"
        )
    return _finite(source, name, array)


def _finite(source: str, name: str, array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        single = array.astype(np.float32)
    wrong = np.count_nonzero(~np.isfinite(single))
    if wrong:
        raise DataError(f"{source}: {name}: {wrong} of {array.size} values are not finite")
    return single


def _require_as_many(source: str, name: str, arrays: Mapping[str, np.ndarray]) -> None:
    inputs = arrays[name.replace("labels", "inputs")]
    if arrays[name].ndim < 1 or len(arrays[name]) != len(inputs):
        got = arrays[name].shape
        raise DataError(
            f"{source}: {name}: got shape {got}, allowed: ({len(inputs)}, ...), one for each input"
        )
