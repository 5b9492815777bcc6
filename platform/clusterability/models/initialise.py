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


def make_clusterable(
    module: nn.Module, seed: int, *, num_modules: int, between: float, num_classes: int
) -> None:
    """Enlarge weights within random modules of units and shrink those between, in place.

    Every unit (or channel) draws one of m modules from the stream ("modules", layer). Weights between two
    units of one module are multiplied by 1 + (1 - between) (m - 1), all others by `between`, which leaves
    the mean magnitude as it was. The first layer, from pixels or input channels, is left as it is. With at
    most m classes, output c belongs to module c. Weights from the last convolution to the first linear
    layer, which join channels at places to units, are left as they are too. Filan et al. 2021, section 3.
    """
    within = 1 + (1 - between) * (num_modules - 1)
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    modules = [
        generator(seed, "modules", index).integers(num_modules, size=layer.weight.shape[0])
        for index, layer in enumerate(layers)
    ]
    if num_classes <= num_modules:
        modules[-1] = np.arange(num_classes)
    for index in range(1, len(layers)):
        weight = layers[index].weight
        if weight.shape[1] != len(modules[index - 1]):
            continue
        same = modules[index][:, None] == modules[index - 1][None, :]
        factors = torch.from_numpy(np.where(same, within, between).astype(np.float32))
        with torch.no_grad():
            weight.mul_(factors.reshape(factors.shape + (1,) * (weight.dim() - 2)))
