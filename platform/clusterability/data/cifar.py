"""CIFAR-10, 50,000 + 10,000 colour images of 32x32 pixels (Krizhevsky 2009)."""

import io
import tarfile

import numpy as np

from clusterability.data.dataset import RawDataset
from clusterability.data.sources import RemoteFile, fetch
from clusterability.errors import DataError

# The SHA-256 of the archive is the published one (tensorflow_datasets/url_checksums/cifar10.txt).
_ARCHIVE = RemoteFile(
    path="cifar10/cifar-10-binary.tar.gz",
    urls=(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    sha256_of_gzip_file=True,
)
_IMAGE_SHAPE = (3, 32, 32)
_FOLDER = "cifar-10-batches-bin"


def load_cifar10() -> RawDataset:
    """Return CIFAR-10 from its binary archive, found or fetched, checked by SHA-256.

    Raises:
        DataError: the archive is in no source; the message says what was wrong with each.
    """
    return parse_cifar10(fetch(_ARCHIVE))


def parse_cifar10(archive: bytes) -> RawDataset:
    """Return the data set in the bytes of the decompressed archive.

    Five files of training and one of test records: a byte for the class, then the pixels of the red, the
    green and the blue channel, row by row.

    Raises:
        DataError: a file that is missing, or not a whole number of records.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            train = [_records(files, f"data_batch_{number}.bin") for number in range(1, 6)]
            test = _records(files, "test_batch.bin")
    except tarfile.TarError as error:
        raise DataError(f"cifar10: not a tar archive ({error})") from error
    records = np.concatenate(train)
    return RawDataset(
        train_inputs=records[:, 1:].reshape(-1, *_IMAGE_SHAPE),
        train_labels=records[:, 0],
        test_inputs=test[:, 1:].reshape(-1, *_IMAGE_SHAPE),
        test_labels=test[:, 0],
        num_classes=10,
    )


def _records(files: tarfile.TarFile, name: str) -> np.ndarray:
    length = 1 + int(np.prod(_IMAGE_SHAPE))
    try:
        file = files.extractfile(f"{_FOLDER}/{name}")
    except KeyError:
        raise DataError(f"cifar10: the archive has no {_FOLDER}/{name}") from None
    content = file.read() if file is not None else b""
    if not content or len(content) % length:
        raise DataError(f"cifar10/{name}: {len(content)} bytes, allowed: a multiple of {length}")
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, length)
