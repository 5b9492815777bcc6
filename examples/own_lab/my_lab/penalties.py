"""A penalty on hidden units that read the same."""

import torch
from torch import nn


class Orthogonality:
    """Mean squared cosine between the incoming weights of a layer's units."""

    def __init__(self, weight: float = 0.0) -> None:
        self.weight = weight

    def __call__(self, module: nn.Module) -> torch.Tensor:
        """Return the value, a scalar with gradient; the platform multiplies it by `weight`."""
        values = []
        for layer in module.modules():
            if isinstance(layer, nn.Linear):
                rows = nn.functional.normalize(layer.weight, dim=1)
                cosines = rows @ rows.T
                values.append((cosines - torch.diag(cosines.diag())).square().mean())
        return torch.stack(values).mean()
