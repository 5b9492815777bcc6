"""Examples that a user gives to be run through a module."""

from typing import Any

import numpy as np
import torch

from clusterability.errors import GraphError, first_line


def checked_inputs(inputs: Any, *, fewest: int) -> torch.Tensor:
    """Return inputs, shape (examples, ...), a tensor or an array, as a tensor of finite numbers.

    Raises:
        GraphError: something else, too few examples, or numbers that are not finite.
    """
    if not isinstance(inputs, torch.Tensor):
        try:
            inputs = torch.as_tensor(np.asarray(inputs))
        except Exception as error:  # numpy and torch raise several kinds
            raise GraphError(
                f"inputs: got a {type(inputs).__name__}, allowed: a tensor or an array of numbers; "
                f"{first_line(error)}"
            ) from error
    if inputs.is_complex() or inputs.ndim < 2:
        raise GraphError(
            f"inputs: got {str(inputs.dtype).removeprefix('torch.')} of shape {tuple(inputs.shape)}, "
            "allowed: real numbers of shape (examples, ...)"
        )
    if len(inputs) < fewest:
        raise GraphError(f"inputs: got {len(inputs)} examples, allowed: {fewest} or more")
    wrong = inputs.numel() - int(torch.isfinite(inputs).sum())
    if wrong:
        raise GraphError(f"inputs: got {wrong} values that are NaN or infinite, allowed: finite numbers")
    return inputs.detach()
