"""Half precision, which is computed in single."""

import torch


def computed_in(dtype: torch.dtype) -> torch.dtype:
    """Return the type that numbers of a type are computed in: single precision for half, else their own."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
