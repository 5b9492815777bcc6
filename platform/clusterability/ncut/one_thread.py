"""One BLAS thread: the same sums in the same order whatever machine, and no more threads than cores."""

from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> Any:
    """Return a context in which numpy and scipy multiply matrices in one thread."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    """Look for the loaded libraries once: that takes several milliseconds, a small graph's whole search."""
    return ThreadpoolController()
