"""From a configuration to a divided data set."""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from sklearn.datasets import load_digits

from clusterability.config import DatasetConfig
from clusterability.data.built import Arrays, kept
from clusterability.data.cifar import load_cifar10
from clusterability.data.dataset import Dataset, RawDataset, Split, sha256_of
from clusterability.data.idx import load_idx
from clusterability.data.images import Examples, as_float, make_variant, mix
from clusterability.data.synthetic import make_lines, make_polynomials, make_random
from clusterability.errors import DataError, unknown_name
from clusterability.seeds import generator

# Seed of all that belongs to a data set itself and must not differ between replicates.
_DATA_SEED = 0
_DIGITS_TEST_FRACTION = 0.2
_PARTS = ("train", "validation", "test")


def load_dataset(config: DatasetConfig, seed: int) -> Dataset:
    """Return the data set that `config` names, divided into train, validation and test.

    The three sets are disjoint. Test is the data set's own; validation is drawn from the training set by a
    stream that depends on the data set alone, not on `seed`: replicates of a condition then differ by
    initialisation and batches only, and their validation accuracies are comparable example by example.
    Variants and mixes are made of each of the three sets by itself, so that no image is in two of them.
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
    if config.variant == "plain" and config.mixed_with is None:
        raw = _SOURCES[config.name]()
        parts, num_classes, sha256 = _divided(raw, config.name, config), raw.num_classes, raw.sha256()
    else:
        arrays = kept(_recipe(config), lambda: _build(config))
        num_classes = int(arrays.pop("num_classes"))
        parts = {part: (arrays[f"{part}_inputs"], arrays[f"{part}_labels"]) for part in _PARTS}
        sha256 = sha256_of(*(array for part in _PARTS for array in parts[part]))
    if config.num_train is not None:
        assert subset_seed is not None
        parts["train"] = _subset(parts["train"], config.num_train, subset_seed, config.name)
    train, validation, test = (_split(*parts[part]) for part in _PARTS)
    return Dataset(
        name=config.name,
        train=train, validation=validation, test=test,
        num_classes=num_classes, sha256=sha256,
    )  # fmt: skip


def _recipe(config: DatasetConfig) -> str:
    words = [config.name, config.variant, f"validation-{config.validation_fraction:.6g}"]
    if config.mixed_with is not None:
        words[1] = f"mixed-{config.mixed_with}" + ("-separated" if config.separate_classes else "")
    return "-".join(words)


def _build(config: DatasetConfig) -> Arrays:
    """Make a variant or a mix of each of the three sets."""
    source = _SOURCES[config.name]()
    num_classes = source.num_classes
    built = _divided(source, config.name, config)
    if config.mixed_with is None:
        for part, examples in built.items():
            rng = generator(_DATA_SEED, "variant", config.variant, config.name, part)
            built[part] = make_variant(examples, config.variant, num_classes, rng)
    else:
        other = _SOURCES[config.mixed_with]()
        others = _divided(other, config.mixed_with, config)
        separate = config.separate_classes
        for part, examples in built.items():
            rng = generator(_DATA_SEED, "mix", config.name, config.mixed_with, part)
            built[part] = mix(
                examples, others[part], num_first_classes=num_classes, separate=separate, rng=rng
            )
        num_classes = num_classes + other.num_classes if separate else max(num_classes, other.num_classes)
    arrays = {f"{part}_inputs": inputs for part, (inputs, _) in built.items()}
    arrays |= {f"{part}_labels": labels for part, (_, labels) in built.items()}
    return {**arrays, "num_classes": np.array(num_classes)}


def _divided(raw: RawDataset, name: str, config: DatasetConfig) -> dict[str, Examples]:
    order = generator(_DATA_SEED, "validation", name).permutation(len(raw.train_labels))
    num_validation = max(1, round(config.validation_fraction * len(order)))
    validation, train = order[:num_validation], order[num_validation:]
    return {
        "train": (raw.train_inputs[train], raw.train_labels[train]),
        "validation": (raw.train_inputs[validation], raw.train_labels[validation]),
        "test": (raw.test_inputs, raw.test_labels),
    }


def _subset(examples: Examples, num_train: int, seed: int, name: str) -> Examples:
    inputs, labels = examples
    if num_train > len(labels):
        raise DataError(
            f"dataset.num_train: got {num_train}, "
            f"allowed: up to the {len(labels)} training examples of {name}"
        )
    chosen = generator(seed, "subset").permutation(len(labels))[:num_train]
    return inputs[chosen], labels[chosen]


def _split(inputs: np.ndarray, labels: np.ndarray) -> Split:
    kind = np.float32 if labels.dtype.kind == "f" else np.int64
    return Split(inputs=as_float(inputs), labels=labels.astype(kind))


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


def _synthetic(name: str, make: Callable[[np.random.Generator], RawDataset]) -> RawDataset:
    def build() -> Arrays:
        raw = make(generator(_DATA_SEED, "synthetic", name))
        return {field: np.asarray(getattr(raw, field)) for field in RawDataset.__slots__}

    arrays = kept(name, build)
    return RawDataset(num_classes=int(arrays.pop("num_classes")), **arrays)


_SOURCES: dict[str, Callable[[], RawDataset]] = {
    "digits": _load_digits,
    "mnist": partial(load_idx, "mnist"),
    "fashion_mnist": partial(load_idx, "fashion_mnist"),
    "kmnist": partial(load_idx, "kmnist"),
    "cifar10": load_cifar10,
    "lines": partial(_synthetic, "lines", make_lines),
    "random": partial(_synthetic, "random", make_random),
    "polynomials": partial(_synthetic, "polynomials", make_polynomials),
}
