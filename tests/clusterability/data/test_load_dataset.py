"""Three disjoint sets, the same for every replicate."""

import os

import numpy as np
import pytest
from sklearn.datasets import load_digits

from clusterability.config import DatasetConfig
from clusterability.data import Dataset, load_dataset
from clusterability.errors import DataError

needs_real_data = pytest.mark.skipif(
    "CLUSTERABILITY_DATA" not in os.environ, reason="CLUSTERABILITY_DATA names no folder with the IDX files"
)


def rows(*arrays: np.ndarray) -> list[bytes]:
    return sorted(row.tobytes() for array in arrays for row in np.ascontiguousarray(array))


def assert_same(one: Dataset, other: Dataset) -> None:
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(one, name).inputs, getattr(other, name).inputs)
        np.testing.assert_array_equal(getattr(one, name).labels, getattr(other, name).labels)


def test_digits_are_divided_without_loss_or_overlap() -> None:
    dataset = load_dataset(DatasetConfig(), seed=0)
    images = (load_digits().images / 16).astype(np.float32)
    sets = (dataset.train, dataset.validation, dataset.test)
    assert sum(len(split) for split in sets) == len(images) == 1797
    assert rows(*(split.inputs for split in sets)) == rows(images)
    assert len(dataset.validation) == round(0.1 * (1797 - len(dataset.test)))
    assert dataset.input_shape == (1, 8, 8)
    for split in sets:
        assert split.inputs.dtype == np.float32
        assert split.labels.dtype == np.int64
        assert set(split.labels) == set(range(dataset.num_classes))


def test_digits_keep_their_labels() -> None:
    images, labels = load_digits(return_X_y=True)
    truth = {
        (image / 16).astype(np.float32).tobytes(): label for image, label in zip(images, labels, strict=True)
    }
    dataset = load_dataset(DatasetConfig(), seed=0)
    for split in (dataset.train, dataset.validation, dataset.test):
        assert [truth[image.tobytes()] for image in split.inputs] == split.labels.tolist()


def test_replicates_share_the_division() -> None:
    assert_same(load_dataset(DatasetConfig(), seed=0), load_dataset(DatasetConfig(), seed=1))


def test_a_subset_follows_the_seed_and_leaves_validation_alone() -> None:
    whole = load_dataset(DatasetConfig(), seed=0)
    config = DatasetConfig(num_train=100)
    subset, again, other = (load_dataset(config, seed) for seed in (0, 0, 1))
    assert_same(subset, again)
    assert len(subset.train) == 100
    assert rows(subset.train.inputs) != rows(other.train.inputs)
    assert set(rows(subset.train.inputs)) <= set(rows(whole.train.inputs))
    assert rows(subset.validation.inputs) == rows(whole.validation.inputs)
    assert subset.sha256 == whole.sha256


@pytest.mark.parametrize("options", [{}, {"num_train": 100}, {"variant": "halves"}, {"name": "polynomials"}])
def test_labels_are_permuted_by_the_seed_in_the_training_set_alone(options: dict) -> None:
    true, twin, again, other = (
        load_dataset(DatasetConfig(**options, permuted_labels=permuted), seed)
        for permuted, seed in ((False, 0), (True, 0), (True, 0), (True, 1))
    )
    assert_same(twin, again)
    np.testing.assert_array_equal(twin.train.inputs, true.train.inputs)
    assert rows(twin.train.labels) == rows(true.train.labels)  # of a regression whole rows change places
    unmoved = (twin.train.labels == true.train.labels).reshape(len(true.train), -1).all(axis=1).mean()
    by_chance = (
        0.0
        if true.is_regression
        else (np.bincount(true.train.labels) / len(true.train))
        @ (np.bincount(true.train.labels) / len(true.train))
    )
    assert unmoved == pytest.approx(by_chance, abs=0.1)
    assert not np.array_equal(twin.train.labels, other.train.labels)
    for name in ("validation", "test"):
        np.testing.assert_array_equal(getattr(twin, name).inputs, getattr(true, name).inputs)
        np.testing.assert_array_equal(getattr(twin, name).labels, getattr(true, name).labels)
    assert twin.sha256 == true.sha256


def test_more_examples_than_there_are_is_an_error() -> None:
    with pytest.raises(DataError, match=r"got 5000, allowed: up to the 1294"):
        load_dataset(DatasetConfig(num_train=5000), seed=0)


def test_loaded_arrays_are_read_only() -> None:
    dataset = load_dataset(DatasetConfig(), seed=0)
    with pytest.raises(ValueError, match="read-only"):
        dataset.train.inputs[0] = 0


@needs_real_data
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_data_sets_are_complete(name: str) -> None:
    dataset = load_dataset(DatasetConfig(name=name, validation_fraction=0.2), seed=0)  # pyright: ignore[reportArgumentType]
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [48000, 12000, 10000]
    assert dataset.input_shape == (1, 28, 28)
    assert np.bincount(dataset.test.labels).min() > 800
    assert dataset.train.inputs.min() == 0
    assert dataset.train.inputs.max() == 1
