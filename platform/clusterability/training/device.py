"""Where a network is trained."""

import torch

from clusterability.config import Device
from clusterability.errors import ResourceError


def resolve_device(device: Device) -> torch.device:
    """Return the torch device; `auto` is the accelerator this process may use, else the CPU.

    Under a scheduler a process sees only the accelerators lent to it, so `auto` follows what a trial was
    given. Raises ResourceError for `cuda` where none is visible.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ResourceError(
            "training.device: got 'cuda', but this process sees no such device; allowed: cpu, auto"
        )
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)
