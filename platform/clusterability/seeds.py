"""One seed, named streams: what is random never depends on the worker count or on the order of work.

Every use of chance has a name ("initialisation", "batches", "kmeans", "shuffle", 17). Its generator follows
from the seed and the name alone, through `numpy.random.SeedSequence(seed, spawn_key=...)`.
"""

from zlib import crc32

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.SeedSequence:
    """Return the seed sequence of the stream that `names` spell, such as `stream(0, "shuffle", 17)`."""
    spawn_key = tuple(name if isinstance(name, int) else crc32(name.encode()) for name in names)
    return np.random.SeedSequence(seed, spawn_key=spawn_key)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a numpy generator on the named stream."""
    return np.random.default_rng(stream(seed, *names))


def integer_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed of the named stream, for libraries that want an integer (torch, Optuna)."""
    high, low = stream(seed, *names).generate_state(2, np.uint32)
    return (int(high) << 31) ^ int(low)
