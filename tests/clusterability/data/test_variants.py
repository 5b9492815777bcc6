"""What is made of images is what its name says, the same every time, and never of images of another set."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clusterability.config import DatasetConfig
from clusterability.data import Dataset, Split, load_dataset
from clusterability.data.cifar import parse_cifar10
from clusterability.data.images import Examples, make_grey, make_variant, mix, resize
from clusterability.errors import ConfigError, DataError


@pytest.fixture(autouse=True, scope="module")
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def load(**options: Any) -> Dataset:
    return load_dataset(DatasetConfig(**{"name": "digits", **options}), seed=0)


def flat_images(classes: int = 5, each: int = 4) -> Examples:
    """Images of one value each, which is unique, so that every pixel identifies its image."""
    labels = np.repeat(np.arange(classes), each)
    values = np.arange(len(labels), dtype=np.uint8)
    return np.broadcast_to(values[:, None, None, None], (len(labels), 1, 8, 6)).copy(), labels


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_small_is_the_mean_of_blocks() -> None:
    images = rng().random((5, 1, 28, 28)).astype(np.float32)
    small, labels = make_variant((images, np.arange(5)), "small", 10, rng())
    np.testing.assert_allclose(small, images.reshape(5, 1, 7, 4, 7, 4).mean(axis=(3, 5)), rtol=1e-5)
    assert labels.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("size", [(7, 7), (5, 11), (28, 28)])
def test_resizing_keeps_the_mean(size: tuple[int, int]) -> None:
    images = rng().random((3, 1, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(resize(images, size).mean(axis=(2, 3)), images.mean(axis=(2, 3)), rtol=1e-5)


@pytest.mark.parametrize("variant", ["halves", "stacked"])
def test_two_images_have_the_sum_of_their_classes(variant: str) -> None:
    images, labels = flat_images()
    made, sums = make_variant((images, labels), variant, 5, rng())
    first, second = (made[:, 0, 0, 0], made[:, -1, 0, -1])
    assert sorted(first) == sorted(second) == list(range(len(labels)))
    assert sums.tolist() == ((labels[first] + labels[second]) % 5).tolist()
    if variant == "halves":
        assert made.shape == images.shape
        assert (made[:, 0, :, :3] == first[:, None, None]).all()
        assert (made[:, 0, :, 3:] == second[:, None, None]).all()
    else:
        assert made.shape == (20, 2, 8, 6)


@pytest.mark.parametrize("variant", ["halves_same", "stacked_same"])
def test_two_images_of_one_class_have_that_class(variant: str) -> None:
    images, labels = flat_images()
    made, classes = make_variant((images, labels), variant, 5, rng())
    first, second = (made[:, 0, 0, 0], made[:, -1, 0, -1])
    assert sorted(second) == list(range(len(labels)))
    assert labels[first].tolist() == labels[second].tolist() == classes.tolist()
    assert (first != second).any()


def test_colours_become_grey_and_28_by_28() -> None:
    images = np.zeros((2, 3, 32, 32), dtype=np.uint8)
    images[0, 1] = 200
    images[1] = 100
    grey = make_grey(images)
    assert grey.shape == (2, 1, 28, 28)
    assert grey.dtype == np.uint8
    assert (grey[0] == round(0.587 * 200)).all()
    assert (grey[1] == 100).all()


@pytest.mark.parametrize("separate", [False, True])
def test_a_mix_has_half_of_each(separate: bool) -> None:
    first = flat_images(classes=5, each=4)
    second = (np.full((30, 1, 4, 4), 99, dtype=np.uint8), np.arange(30) % 3)
    images, labels = mix(first, second, num_first_classes=5, separate=separate, rng=rng())
    of_second = (images == 99).all(axis=(1, 2, 3))
    assert images.shape == (20, 1, 8, 6)
    assert of_second.sum() == 10
    assert set(labels[of_second]) <= set(range(5, 8) if separate else range(3))
    assert labels[~of_second].tolist() == first[1][images[~of_second, 0, 0, 0]].tolist()


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"variant": "small"}, (1, 7, 7)),
        ({"variant": "halves"}, (1, 8, 8)),
        ({"variant": "halves_same"}, (1, 8, 8)),
        ({"variant": "stacked"}, (2, 8, 8)),
        ({"variant": "stacked_same"}, (2, 8, 8)),
    ],
)
def test_variants_of_digits(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    dataset, plain = load(**options), load()
    assert dataset.input_shape == shape
    assert dataset.num_classes == 10
    assert dataset.sha256 != plain.sha256
    for name in ("train", "validation", "test"):
        split: Split = getattr(dataset, name)
        assert len(split) == len(getattr(plain, name))
        assert split.inputs.dtype == np.float32
        assert split.inputs.min() >= 0
        assert split.inputs.max() <= 1


def test_halves_of_a_set_come_from_that_set() -> None:
    made, plain = load(variant="halves"), load()
    for name in ("train", "validation", "test"):
        sources = resize(getattr(plain, name).inputs, (8, 4))
        known = {image.tobytes() for image in sources}
        images = getattr(made, name).inputs
        for half in (images[..., :4], images[..., 4:]):
            assert {np.ascontiguousarray(image).tobytes() for image in half} == known


def test_what_was_built_is_kept_and_damage_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = load(variant="halves", validation_fraction=0.25)
    (path,) = tmp_path.rglob("digits-halves-validation-0.25-*.npz")
    kept_bytes = path.read_bytes()
    load()  # the loader remembers its last data set only
    assert load(variant="halves", validation_fraction=0.25).sha256 == built.sha256
    path.write_bytes(kept_bytes[: len(kept_bytes) // 2])
    load()
    assert load(variant="halves", validation_fraction=0.25).sha256 == built.sha256
    assert path.read_bytes() == kept_bytes
    assert not [file for file in path.parent.iterdir() if file.name.startswith(".")]


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_sha256 = load(variant="small").sha256
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    load()
    assert load(variant="small").sha256 == kept_sha256


def test_lines_are_counted() -> None:
    dataset = load(name="lines")
    images = dataset.test.inputs
    assert images.shape == (10_000, 1, 28, 28)
    assert (images == images[:, :, :1]).all()
    assert (images[:, 0, 0].sum(axis=1) == dataset.test.labels + 1).all()
    assert np.bincount(dataset.test.labels).min() > 800


def test_random_pixels_say_nothing() -> None:
    dataset = load(name="random")
    assert dataset.input_shape == (1, 28, 28)
    means = [dataset.train.inputs[dataset.train.labels == label].mean() for label in range(10)]
    np.testing.assert_allclose(means, 0.5, atol=0.002)


def test_polynomials_are_sums_of_their_terms() -> None:
    dataset = load(name="polynomials")
    assert dataset.is_regression
    assert dataset.num_classes == 512
    x, y = dataset.test.inputs.T
    targets = dataset.test.labels
    assert targets.dtype == np.float32
    for target, value in [
        (0, 0 * x),
        (1, x**0),
        (0b000001010, y + x),
        (0b100000100, y**2 + x**2 * y**2),
    ]:
        np.testing.assert_allclose(targets[:, target], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mixed_with": "digits"}, "dataset.mixed_with: got 'digits'"),
        ({"mixed_with": "mnist", "variant": "small"}, "dataset.mixed_with: got 'mnist'"),
        ({"separate_classes": True}, "dataset.separate_classes: got True, allowed: false"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DatasetConfig(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"name": "polynomials", "variant": "small"},
            "dataset.variant: got 'small' of polynomials, whose",
        ),
        ({"name": "polynomials", "mixed_with": "digits"}, "dataset.mixed_with: got 'digits' of poly"),
        (
            {"variant": "grey"},
            "dataset.variant: got 'grey', allowed: images in colour; digits",
        ),
        (
            {"path": "x.npz"},
            "dataset.path: got 'x.npz' for digits, allowed: a file where",
        ),
        ({"name": "npz"}, "dataset.path: got None for npz, allowed: a file"),
    ],
)
def test_what_cannot_be_made_of_a_data_set_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(DatasetConfig(**options), 0)


def cifar_archive(records: int, *, without: str = "") -> bytes:
    content = np.arange(records * 3073, dtype=np.uint8) if records else np.zeros(10, dtype=np.uint8)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]:
            if name != without:
                info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                info.size = content.nbytes
                archive.addfile(info, io.BytesIO(content.tobytes()))
    return buffer.getvalue()


def test_cifars_records_are_a_class_and_three_channels() -> None:
    raw = parse_cifar10(cifar_archive(2))
    assert raw.train_inputs.shape == (10, 3, 32, 32)
    assert raw.test_inputs.shape == (2, 3, 32, 32)
    assert raw.test_labels.tolist() == [0, 3073 % 256]
    assert raw.test_inputs[0, 0, 0, :3].tolist() == [1, 2, 3]
    assert raw.test_inputs[0, 1, 0, 0] == (1 + 1024) % 256


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"", "not a tar archive"),
        (cifar_archive(1, without="test_batch.bin"), "has no cifar-10-batches-bin/test_batch.bin"),
        (cifar_archive(0), "10 bytes, allowed: a multiple of 3073"),
    ],
)
def test_a_cifar_archive_that_is_none_is_named(archive: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_cifar10(archive)
