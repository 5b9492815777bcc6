"""Modules written as one expression, and blocks by autograd."""

import numpy as np
import torch
from torch import nn


def network(forward, **parts):
    """Return a module with these layers and parameters whose forward pass is `forward(self, x, ...)`."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

    Net.forward = forward
    return Net().eval()


def randomised(module, seed=0):
    """Give norms statistics and factors as if trained."""
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if getattr(layer, "running_var", None) is not None:
            layer.running_var.copy_(torch.rand(layer.num_features, generator=generator) + 0.5)
            layer.running_mean.copy_(torch.randn(layer.num_features, generator=generator))
    return module


def blocks_by_name(graph):
    """Return the absolute blocks over all units, isolated ones included."""
    blocks = {}
    for block in graph.blocks:
        whole = np.zeros((graph.full_widths[block.source], graph.full_widths[block.target]))
        whole[np.ix_(graph.kept[block.source], graph.kept[block.target])] = np.abs(block.matrix)
        names = graph.layer_names[block.source], graph.layer_names[block.target]
        blocks[(*names, "skip") if block.is_skip else names] = whole
    return blocks


def derivative(read, units):
    """Return |d read(a)_j / d a_i| at active units, shape (units, values), by autograd."""
    at = torch.rand(1, units, dtype=torch.double) + 1
    jacobian = torch.autograd.functional.jacobian(lambda a: read(a)[0], at)
    return np.abs(jacobian[:, 0].T.numpy())
