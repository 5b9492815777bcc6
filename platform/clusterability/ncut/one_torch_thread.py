"""One thread of torch for numbers that must not depend on the machine, and for timings of one core."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch work in one thread on a CPU, as `one_blas_thread` does: the same sums whatever machine.

    And many times faster where other processes hold the cores: its threads wait for each other at each of
    thousands of small steps.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
