"""What is made of images: other sizes, two in one, two sets in one. All at once, no loop over examples."""

from collections.abc import Callable

import numpy as np

# Luma of red, green and blue (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_GREY_SIZE = (28, 28)
_SMALL_SIZE = (7, 7)

Examples = tuple[np.ndarray, np.ndarray]
"""Images, shape (n, channels, height, width), uint8 or float32 in [0, 1], and class numbers, shape (n,)."""


def make_variant(examples: Examples, variant: str, num_classes: int, rng: np.random.Generator) -> Examples:
    """Return as many examples of the variant, made of grey images.

    small: 7x7 pixels. halves: two images squeezed to half their width, side by side; stacked: two images as
    two channels; the class is the sum of both classes modulo `num_classes`. halves_same and stacked_same:
    the same with two images of one class, which is theirs. Every image is the left (first) one of one
    example and the right (second) one of another. grey: nothing more. Filan et al. 2021, appendix.
    """
    examples = (make_grey(examples[0]), examples[1])
    return _VARIANTS[variant](examples, num_classes, rng)


def make_grey(images: np.ndarray) -> np.ndarray:
    """Return colour images in grey, 28x28; grey ones as they are."""
    if images.shape[1] == 1:
        return images
    grey = np.einsum("nchw,c->nhw", images, _LUMA, dtype=np.float32)[:, None]
    return _as(images.dtype, _resized(grey, _GREY_SIZE))


def resize(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the images with `size` = (height, width) pixels, each the mean over the area that it covers."""
    return _as(images.dtype, _resized(images, size))


def mix(
    first: Examples, second: Examples, *, num_first_classes: int, separate: bool, rng: np.random.Generator
) -> Examples:
    """Return examples of two sets, half of each, in random order and as many as the smaller set has.

    Images become grey and take the first set's size. With `separate` the second set's classes are numbered
    after the first's, else class c is class c of either.
    """
    half = min(len(first[1]), len(second[1])) // 2
    chosen, other_chosen = (rng.permutation(len(labels))[:half] for _, labels in (first, second))
    images, others = make_grey(first[0][chosen]), make_grey(second[0][other_chosen])
    others = resize(others, (images.shape[2], images.shape[3]))
    if images.dtype != others.dtype:
        images, others = (as_float(array) for array in (images, others))
    shift = num_first_classes if separate else 0
    order = rng.permutation(2 * half)
    labels = [first[1][chosen].astype(np.int64), second[1][other_chosen].astype(np.int64) + shift]
    return np.concatenate([images, others])[order], np.concatenate(labels)[order]


def _small(examples: Examples, num_classes: int, rng: np.random.Generator) -> Examples:
    return resize(examples[0], _SMALL_SIZE), examples[1]


def _halves(examples: Examples, num_classes: int, rng: np.random.Generator) -> Examples:
    return _two(_squeezed(examples), _any_partner(examples[1], rng), num_classes, axis=3)


def _halves_same(examples: Examples, num_classes: int, rng: np.random.Generator) -> Examples:
    (images, labels), partner = _squeezed(examples), _partner_of_same_class(examples[1], rng)
    return np.concatenate([images, images[partner]], axis=3), labels


def _stacked(examples: Examples, num_classes: int, rng: np.random.Generator) -> Examples:
    return _two(examples, _any_partner(examples[1], rng), num_classes, axis=1)


def _stacked_same(examples: Examples, num_classes: int, rng: np.random.Generator) -> Examples:
    images, labels = examples
    return np.concatenate([images, images[_partner_of_same_class(labels, rng)]], axis=1), labels


def _two(examples: Examples, partner: np.ndarray, num_classes: int, *, axis: int) -> Examples:
    images, labels = examples[0], examples[1].astype(np.int64)
    return np.concatenate([images, images[partner]], axis=axis), (labels + labels[partner]) % num_classes


def _squeezed(examples: Examples) -> Examples:
    height, width = examples[0].shape[2:]
    return resize(examples[0], (height, width // 2)), examples[1]


def _any_partner(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(len(labels))


def _partner_of_same_class(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random permutation that stays within classes: two random orders, both sorted by class."""
    one, other = (np.lexsort((rng.random(len(labels)), labels)) for _ in range(2))
    partner = np.empty(len(labels), dtype=np.int64)
    partner[one] = other
    return partner


def _resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (_areas(old, new) for old, new in zip(images.shape[2:], size, strict=True))
    return rows @ (images.astype(np.float32, copy=False) @ columns.T)


def _areas(old: int, new: int) -> np.ndarray:
    """Return how much of each new pixel each old one fills, shape (new, old); rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    start, stop = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    overlap = np.minimum(stop, pixels + 1) - np.maximum(start, pixels)
    return (overlap.clip(min=0) / (old / new)).astype(np.float32)


def _as(dtype: np.dtype, images: np.ndarray) -> np.ndarray:
    return np.rint(images).clip(0, 255).astype(np.uint8) if dtype == np.uint8 else images.astype(dtype)


def as_float(images: np.ndarray) -> np.ndarray:
    """Return bytes as float32 in [0, 1]; what is not bytes stays as it is."""
    return np.divide(images, np.float32(255), dtype=np.float32) if images.dtype == np.uint8 else images


_VARIANTS: dict[str, Callable[[Examples, int, np.random.Generator], Examples]] = {
    "grey": lambda examples, num_classes, rng: examples,
    "small": _small,
    "halves": _halves,
    "halves_same": _halves_same,
    "stacked": _stacked,
    "stacked_same": _stacked_same,
}
