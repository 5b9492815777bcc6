"""From a configuration to a divided data set."""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from sklearn.datasets import load_digits

from clusterability.config import DatasetConfig
from clusterability.data.dataset import Dataset, RawDataset, Split
from clusterability.data.idx import load_idx
from clusterability.errors import DataError, unknown_name
from clusterability.seeds import generator

# Seed of all that belongs to a data set itself and must not differ between replicates.
_DATA_SEED = 0
_DIGITS_TEST_FRACTION = 0.2


def load_dataset(config: DatasetConfig, seed: int) -> Dataset:
    """Return the data set that `config` names, divided into train, validation and test.

    The three sets are disjoint. Test is the data set's own; validation is drawn from the training set by a
    stream that depends on the data set alone, not on `seed`: replicates of a condition then differ by
    initialisation and batches only, and their validation accuracies are comparable example by example.
    Only `num_train` draws by `seed`. The result of the last call is kept, for workers that run many trials.

    Raises
    ------
    DataError
        For a data set that is not known, cannot be had, or is smaller than `config` asks for.
    """
    return _load(config, None if config.num_train is None else seed)


@lru_cache(maxsize=1)
def _load(config: DatasetConfig, subset_seed: int | None) -> Dataset:
    if config.name not in _SOURCES:
        raise DataError(unknown_name("data set", config.name, _SOURCES))
    raw = _SOURCES[config.name]()
    order = generator(_DATA_SEED, "validation", config.name).permutation(len(raw.train_labels))
    num_validation = max(1, round(config.validation_fraction * len(order)))
    validation, train = order[:num_validation], order[num_validation:]
    if config.num_train is not None:
        if config.num_train > len(train):
            raise DataError(
                f"dataset.num_train: got {config.num_train}, "
                f"allowed: up to the {len(train)} training examples of {config.name}"
            )
        assert subset_seed is not None
        train = generator(subset_seed, "subset").permutation(train)[: config.num_train]
    return Dataset(
        name=config.name,
        train=_split(raw.train_inputs[train], raw.train_labels[train]),
        validation=_split(raw.train_inputs[validation], raw.train_labels[validation]),
        test=_split(raw.test_inputs, raw.test_labels),
        num_classes=raw.num_classes,
        sha256=raw.sha256(),
    )


def _split(inputs: np.ndarray, labels: np.ndarray) -> Split:
    if inputs.dtype == np.uint8:
        inputs = np.divide(inputs, np.float32(255), dtype=np.float32)
    return Split(inputs=inputs, labels=labels.astype(np.int64))


def _load_digits() -> RawDataset:
    """Return scikit-learn's 1,797 digits of 8x8 pixels (Alpaydin & Kaynak 1998), a fifth of them test."""
    images, labels = map(np.asarray, load_digits(return_X_y=True))
    inputs = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    order = generator(_DATA_SEED, "test", "digits").permutation(len(labels))
    num_test = round(_DIGITS_TEST_FRACTION * len(order))
    test, train = order[:num_test], order[num_test:]
    return RawDataset(
        train_inputs=inputs[train],
        train_labels=labels[train],
        test_inputs=inputs[test],
        test_labels=labels[test],
        num_classes=10,
    )


_SOURCES: dict[str, Callable[[], RawDataset]] = {
    "digits": _load_digits,
    "mnist": partial(load_idx, "mnist"),
    "fashion_mnist": partial(load_idx, "fashion_mnist"),
}
