"""Initial weights, drawn by numpy so that they are the same on every device and torch version."""

import math

import numpy as np
import torch
from torch import nn

from clusterability.seeds import generator


def initialise_glorot(module: nn.Module, seed: int) -> None:
    """Draw every kernel of `module` Glorot uniform and set its biases to zero, in place.

    A kernel with fan_in inputs and fan_out outputs (each times the kernel's area for convolutions) is
    uniform in [-a, a] with a = sqrt(6 / (fan_in + fan_out)); layer l of the network draws from the stream
    ("initialisation", l). Equivalent to Keras's default `glorot_uniform` (Glorot & Bengio 2010).
    """
    kernels = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for index, layer in enumerate(kernels):
        fan_out, fan_in = layer.weight.shape[:2]
        area = math.prod(layer.weight.shape[2:])
        limit = math.sqrt(6 / ((fan_in + fan_out) * area))
        random = generator(seed, "initialisation", index)
        values = random.uniform(-limit, limit, size=layer.weight.shape).astype(np.float32)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(values))
            if layer.bias is not None:
                layer.bias.zero_()
