"""Data sets that come as four IDX files: MNIST and its relatives."""

import numpy as np

from clusterability.data.dataset import RawDataset
from clusterability.data.sources import RemoteFile, fetch
from clusterability.errors import DataError

_MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    "kmnist": (
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
}

# SHA-256 of the decompressed bytes: mirrors compress differently, the content is the same. Those of KMNIST
# (Clanuwat et al. 2018) are published for the gzip files alone, of which there is one source
# (tensorflow_datasets/url_checksums/kmnist.txt).
_OF_GZIP_FILES = ("kmnist",)
_SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    "kmnist": {
        "train-images-idx3-ubyte": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "train-labels-idx1-ubyte": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "t10k-images-idx3-ubyte": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "t10k-labels-idx1-ubyte": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    },
}


def parse_idx(content: bytes, *, name: str = "IDX content") -> np.ndarray:
    """Return the uint8 array in an IDX file's bytes.

    The format: two zero bytes, the type (8: unsigned byte), the number of axes, one big-endian 32-bit
    length per axis, the values in C order (LeCun, http://yann.lecun.com/exdb/mnist/).

    Raises:
        DataError: no IDX header, or a number of bytes that is not what the header says.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"{name}: not an IDX file of unsigned bytes; it begins with {content[:4].hex()!r}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DataError(f"{name}: truncated: {len(content)} bytes, the header alone has {start}")
    shape = tuple(int(length) for length in np.frombuffer(content[4:start], dtype=">u4"))
    expected = start + int(np.prod(shape))
    if len(content) != expected:
        raise DataError(f"{name}: {len(content)} bytes, its header says {expected}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def load_mnist() -> RawDataset:
    """Return MNIST, 60,000 + 10,000 digits of 28x28 pixels (LeCun 1998)."""
    return _load("mnist")


def load_fashion_mnist() -> RawDataset:
    """Return Fashion-MNIST, 60,000 + 10,000 garments of 28x28 pixels (Xiao et al. 2017)."""
    return _load("fashion_mnist")


def load_kmnist() -> RawDataset:
    """Return KMNIST, 60,000 + 10,000 Japanese letters of 28x28 pixels (Clanuwat et al. 2018)."""
    return _load("kmnist")


def _load(name: str) -> RawDataset:
    """Return the data set `name` from its four IDX files, found or fetched, each checked by SHA-256.

    Raises:
        DataError: a file is in no source; the message says what was wrong with each.
    """
    arrays = {}
    for file, sha256 in _SHA256[name].items():
        urls = tuple(f"{mirror}{file}.gz" for mirror in _MIRRORS[name])
        of_gzip_file = name in _OF_GZIP_FILES
        content = fetch(
            RemoteFile(path=f"{name}/{file}.gz", urls=urls, sha256=sha256, sha256_of_gzip_file=of_gzip_file)
        )
        arrays[file] = parse_idx(content, name=f"{name}/{file}")
    return RawDataset(
        train_inputs=arrays["train-images-idx3-ubyte"][:, None],
        train_labels=arrays["train-labels-idx1-ubyte"],
        test_inputs=arrays["t10k-images-idx3-ubyte"][:, None],
        test_labels=arrays["t10k-labels-idx1-ubyte"],
        num_classes=10,
    )
