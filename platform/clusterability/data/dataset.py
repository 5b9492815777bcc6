"""The types that the data room hands on."""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Examples of one of the three sets; both arrays are read-only."""

    inputs: np.ndarray
    """float32, shape (n, *input_shape); images are (channels, height, width) in [0, 1]."""
    labels: np.ndarray
    """int64 class numbers, shape (n,); for regression float32 targets, shape (n, targets)."""

    def __post_init__(self) -> None:
        self.inputs.flags.writeable = False
        self.labels.flags.writeable = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """One data set, divided: search uses validation, reports show test."""

    name: str
    """Name of the data set."""
    train: Split
    """What the network is fitted to."""
    validation: Split
    """Held out of the training set, for the search's objectives."""
    test: Split
    """The data set's own test set, for reports alone."""
    num_classes: int
    """Number of the network's outputs: classes, or for regression targets."""
    sha256: str
    """SHA-256 of the whole data set before it was divided (see `RawDataset.sha256`); of the divided one where
    it was built from another (variants and mixes), train, validation, test, inputs before labels."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return self.train.inputs.shape[1:]

    @property
    def is_regression(self) -> bool:
        """Whether labels are targets rather than classes."""
        return self.train.labels.dtype.kind == "f"


@dataclass(frozen=True, kw_only=True, slots=True)
class RawDataset:
    """A data set as its source gives it: inputs are uint8 pixels (0 to 255) or float32."""

    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
    num_classes: int
    validation_inputs: np.ndarray | None = None
    """None: drawn from the training set."""
    validation_labels: np.ndarray | None = None

    @property
    def is_images(self) -> bool:
        """Whether inputs are images, (n, channels, height, width), with a class each."""
        return self.train_inputs.ndim == 4 and self.train_labels.ndim == 1

    def sha256(self) -> str:
        """Return the SHA-256 over the bytes of the arrays, in the order of the fields."""
        validation = [item for item in (self.validation_inputs, self.validation_labels) if item is not None]
        arrays = (self.train_inputs, self.train_labels, self.test_inputs, self.test_labels, *validation)
        return sha256_of(*arrays)


def sha256_of(*arrays: np.ndarray) -> str:
    """Return the SHA-256 over the bytes of the arrays, one after the other, each in C order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
