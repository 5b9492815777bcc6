"""IDX files: what is written comes back, damage is refused."""

import struct

import numpy as np
import pytest

from clusterability.data.idx import parse_idx
from clusterability.errors import DataError


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.mark.parametrize("shape", [(7,), (3, 5, 4), (0, 2)])
def test_idx_arrays_come_back(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    np.testing.assert_array_equal(parse_idx(idx_bytes(array)), array)


@pytest.mark.parametrize("cut", [0, 3, 10, 40])
def test_truncated_idx_is_refused_by_name(cut: int) -> None:
    content = idx_bytes(np.zeros((3, 5, 4), dtype=np.uint8))
    with pytest.raises(DataError, match="digits-file"):
        parse_idx(content[:cut], name="digits-file")


def test_idx_with_bytes_left_over_is_refused() -> None:
    with pytest.raises(DataError, match="header says"):
        parse_idx(idx_bytes(np.zeros(4, dtype=np.uint8)) + b"\x00")


def test_idx_of_another_type_is_refused() -> None:
    with pytest.raises(DataError, match="unsigned bytes"):
        parse_idx(b"\x00\x00\x0d\x01" + struct.pack(">If", 1, 0.5))
