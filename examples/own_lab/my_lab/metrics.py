"""How much of a network does nothing."""

import torch


def sparsity(network) -> float:
    """Return the share of weights below a tenth of their layer's largest."""
    small = total = 0
    for name, weight in network.module.named_parameters():
        if name.endswith("weight"):
            magnitudes = weight.detach().abs()
            small += int(torch.count_nonzero(magnitudes < 0.1 * magnitudes.max()))
            total += magnitudes.numel()
    return small / total
