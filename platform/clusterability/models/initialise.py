"""Initial weights, drawn by numpy so that they are the same on every device and torch version."""

import math

import numpy as np
import torch
from torch import nn

from clusterability.models.cut import cut_masks, parts_of
from clusterability.seeds import generator


def initialise_glorot(module: nn.Module, seed: int, parts: int = 1) -> None:
    """Draw every kernel of `module` Glorot uniform and set its biases to zero, in place.

    A kernel with fan_in inputs and fan_out outputs (each times the kernel's area for convolutions) is
    uniform in [-a, a] with a = sqrt(6 / (fan_in + fan_out)); layer l of the network draws from the stream
    ("initialisation", l). Equivalent to Keras's default `glorot_uniform` (Glorot & Bengio 2010).

    A network that is cut into `parts` (`cut_masks`) is drawn as that many networks side by side: fans are
    those within a part, and weights between parts are zero.
    """
    kernels = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    masks = cut_masks(module, parts) if parts > 1 else [None] * len(kernels)
    for index, (layer, mask) in enumerate(zip(kernels, masks, strict=True)):
        random = generator(seed, "initialisation", index)
        limit = _limits(layer.weight, mask, parts)
        values = random.uniform(-limit, limit, size=layer.weight.shape).astype(np.float32)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(values))
            if layer.bias is not None:
                layer.bias.zero_()


def _limits(weight: torch.Tensor, mask: torch.Tensor | None, parts: int) -> np.ndarray | float:
    """Return the largest magnitude: one number, or that of each weight where some are cut."""
    fan_out, fan_in = weight.shape[:2]
    area = math.prod(weight.shape[2:])
    if mask is None:
        return math.sqrt(6 / ((fan_in + fan_out) * area))
    kept, part = mask.cpu().numpy(), parts_of(fan_out, parts)
    outputs = np.bincount(part)[part].reshape((fan_out,) + (1,) * (weight.dim() - 1))
    return kept * np.sqrt(6 / ((kept.sum(axis=1, keepdims=True) + outputs) * area))


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
