"""From a configuration to a divided data set."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from clusterability.components import find
from clusterability.config import DatasetConfig
from clusterability.data.built import Arrays, kept
from clusterability.data.dataset import Dataset, RawDataset, Split, sha256_of
from clusterability.data.images import Examples, as_float, make_variant, mix
from clusterability.data.own import checked_dataset
from clusterability.errors import DataError
from clusterability.own_code import blamed, described, hashes, is_own, source_files
from clusterability.seeds import generator

# Seed of all that belongs to a data set itself and must not differ between replicates.
_DATA_SEED = 0
_PARTS = ("train", "validation", "test")


def load_dataset(config: DatasetConfig, seed: int) -> Dataset:
    """Return the data set that `config` names, divided into train, validation and test.

    The three sets are disjoint. Test is the data set's own; validation is drawn from the training set by a
    stream that depends on the data set alone, not on `seed`: replicates of a condition then differ by
    initialisation and batches only, and their validation accuracies are comparable example by example.
    Variants and mixes are made of each of the three sets on its own, so that no image is in two of them.
    Only `num_train` and `permuted_labels` draw by `seed`, and change the training set alone. The result of
    the last call is kept, for workers that run many trials.

    Raises:
        DataError: a data set that cannot be had, cannot be used, or is smaller than `config` asks for.
        ConfigError: an own data set whose code fails.
    """
    drawn = config.num_train is not None or config.permuted_labels
    return _load(json.dumps(asdict(config)), seed if drawn else None, _version(config))


def _version(config: DatasetConfig) -> str:
    """Return what changes where the user's own code or file does."""
    stat = Path(config.path).stat() if config.path and Path(config.path).is_file() else None
    file = (str(Path(config.path or "").resolve()), stat.st_mtime_ns, stat.st_size) if stat else None
    return str((hashes(source_files([config.name, config.mixed_with or ""])), file))


@lru_cache(maxsize=1)
def _load(settings: str, seed: int | None, version: str) -> Dataset:
    """See load_dataset; `seed` is None where nothing is drawn, and another `version` is loaded again."""
    config = DatasetConfig(**json.loads(settings))
    if config.variant == "plain" and config.mixed_with is None:
        raw = _raw(config.name, config)
        parts, num_classes, sha256 = _divided(raw, config.name, config), raw.num_classes, raw.sha256()
    else:
        names = (config.name, config.mixed_with or "")
        changeable = config.name == "npz" or any(map(is_own, names))  # the cache would not notice a change
        arrays = _build(config) if changeable else kept(_recipe(config), lambda: _build(config))
        num_classes = int(arrays.pop("num_classes"))
        parts = {part: (arrays[f"{part}_inputs"], arrays[f"{part}_labels"]) for part in _PARTS}
        sha256 = sha256_of(*(array for part in _PARTS for array in parts[part]))
    if seed is not None:
        parts["train"] = _drawn(parts["train"], config, seed)
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
    source = _images(config.name, config)
    num_classes = source.num_classes
    built = _divided(source, config.name, config)
    if config.mixed_with is None:
        for part, examples in built.items():
            rng = generator(_DATA_SEED, "variant", config.variant, config.name, part)
            built[part] = make_variant(examples, config.variant, num_classes, rng)
    else:
        other = _images(config.mixed_with, config)
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


def _raw(name: str, config: DatasetConfig) -> RawDataset:
    """Return a data set as its source gives it, checked where the source is the user's."""
    source: Callable[..., Any] = find("data set", name)
    if (config.path is not None) != (config.name == "npz"):
        allowed = "a file where dataset.name is npz, null elsewhere"
        raise DataError(f"dataset.path: got {config.path!r} for {config.name}, allowed: {allowed}")
    if name == "npz":
        return checked_dataset(f"dataset.path: {config.path}", source(config.path))
    if not is_own(name):
        return source()
    with blamed("data set", name):
        given = source(**(config.options if name == config.name else {}))
    return checked_dataset(described("data set", name), given)


def _images(name: str, config: DatasetConfig) -> RawDataset:
    """Return a data set of images, as variants and mixes are made of."""
    raw, channels = _raw(name, config), (1, 3)
    field = "dataset.variant" if config.mixed_with is None else "dataset.mixed_with"
    value = getattr(config, field.removeprefix("dataset."))
    if not raw.is_images or raw.train_inputs.shape[1] not in channels:
        raise DataError(
            f"{field}: got {value!r} of {name}, whose inputs have shape {raw.train_inputs.shape[1:]}; "
            "allowed: images of classes, grey or in colour"
        )
    if config.variant == "grey" and raw.train_inputs.shape[1] == 1:
        raise DataError(f"{field}: got 'grey', allowed: images in colour; {name} is grey as it is")
    return raw


def _divided(raw: RawDataset, name: str, config: DatasetConfig) -> dict[str, Examples]:
    if raw.validation_inputs is not None and raw.validation_labels is not None:
        return {
            "train": (raw.train_inputs, raw.train_labels),
            "validation": (raw.validation_inputs, raw.validation_labels),
            "test": (raw.test_inputs, raw.test_labels),
        }
    order = generator(_DATA_SEED, "validation", name).permutation(len(raw.train_labels))
    if len(order) < 2:
        raise DataError(f"{name}: got {len(order)} training examples, allowed: 2 or more")
    num_validation = max(1, round(config.validation_fraction * len(order)))
    validation, train = order[:num_validation], order[num_validation:]
    return {
        "train": (raw.train_inputs[train], raw.train_labels[train]),
        "validation": (raw.train_inputs[validation], raw.train_labels[validation]),
        "test": (raw.test_inputs, raw.test_labels),
    }


def _drawn(examples: Examples, config: DatasetConfig, seed: int) -> Examples:
    """Return the training examples of a seed: a subset, or all, with their labels or permuted ones."""
    inputs, labels = examples
    if config.num_train is not None:
        if config.num_train > len(labels):
            raise DataError(
                f"dataset.num_train: got {config.num_train}, "
                f"allowed: up to the {len(labels)} training examples of {config.name}"
            )
        chosen = generator(seed, "subset").permutation(len(labels))[: config.num_train]
        inputs, labels = inputs[chosen], labels[chosen]
    if config.permuted_labels:
        labels = labels[generator(seed, "permuted labels").permutation(len(labels))]
    return inputs, labels


def _split(inputs: np.ndarray, labels: np.ndarray) -> Split:
    kind = np.float32 if labels.dtype.kind == "f" else np.int64
    return Split(inputs=as_float(inputs), labels=labels.astype(kind))
