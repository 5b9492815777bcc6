"""Data sets that are made up: lines, random pixels, polynomials (Filan et al. 2021, appendix)."""

from collections.abc import Callable
from itertools import product

import numpy as np

from clusterability.data.built import Arrays, kept
from clusterability.data.dataset import RawDataset
from clusterability.seeds import generator

_NUM_TRAIN = 60_000
_NUM_TEST = 10_000
_SIDE = 28
_NUM_CLASSES = 10
_DEGREES = range(3)


def load_lines() -> RawDataset:
    """Return what `make_lines` makes, once per machine."""
    return _kept("lines", make_lines)


def load_random() -> RawDataset:
    """Return what `make_random` makes, once per machine."""
    return _kept("random", make_random)


def load_polynomials() -> RawDataset:
    """Return what `make_polynomials` makes, once per machine."""
    return _kept("polynomials", make_polynomials)


def make_lines(rng: np.random.Generator) -> RawDataset:
    """Return 28x28 images of 1 to 10 white vertical lines on black; the class is their number less 1.

    A line is one pixel wide and as high as the image; the columns are drawn without replacement, so that
    lines may touch.
    """
    number = _NUM_TRAIN + _NUM_TEST
    labels = rng.integers(_NUM_CLASSES, size=number)
    ranks = rng.random((number, _SIDE)).argsort(axis=1).argsort(axis=1)
    columns = np.where(ranks <= labels[:, None], 255, 0).astype(np.uint8)
    return _divided(np.repeat(columns[:, None, None, :], _SIDE, axis=2), labels, _NUM_CLASSES)


def make_random(rng: np.random.Generator) -> RawDataset:
    """Return 28x28 images of independent uniform pixels with independent uniform classes, 10 of them."""
    number = _NUM_TRAIN + _NUM_TEST
    images = rng.integers(256, size=(number, 1, _SIDE, _SIDE), dtype=np.uint8)
    return _divided(images, rng.integers(_NUM_CLASSES, size=number), _NUM_CLASSES)


def make_polynomials(rng: np.random.Generator) -> RawDataset:
    """Return the regression of 512 polynomials in two standard normal inputs x and y.

    Target t is the sum of the terms x^a y^b, a and b in 0, 1, 2, whose bit in t is set: term number 3 a + b
    belongs to bit 3 a + b. Inputs have shape (n, 2), targets (n, 512), both float32.
    """
    inputs = rng.standard_normal((_NUM_TRAIN + _NUM_TEST, 2), dtype=np.float32)
    terms = np.stack([inputs[:, 0] ** a * inputs[:, 1] ** b for a, b in product(_DEGREES, _DEGREES)], axis=1)
    num_terms = terms.shape[1]
    bits = (np.arange(2**num_terms) >> np.arange(num_terms)[:, None]) & 1
    return _divided(inputs, terms @ bits.astype(np.float32), 2**num_terms)


def _divided(inputs: np.ndarray, labels: np.ndarray, num_outputs: int) -> RawDataset:
    return RawDataset(
        train_inputs=inputs[:_NUM_TRAIN],
        train_labels=labels[:_NUM_TRAIN],
        test_inputs=inputs[_NUM_TRAIN:],
        test_labels=labels[_NUM_TRAIN:],
        num_classes=num_outputs,
    )


_FIELDS = ("train_inputs", "train_labels", "test_inputs", "test_labels", "num_classes")


def _kept(name: str, make: Callable[[np.random.Generator], RawDataset]) -> RawDataset:
    def build() -> Arrays:
        raw = make(generator(0, "synthetic", name))
        return {field: np.asarray(getattr(raw, field)) for field in _FIELDS}

    arrays = kept(name, build)
    return RawDataset(num_classes=int(arrays.pop("num_classes")), **arrays)
