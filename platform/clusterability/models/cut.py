"""Networks cut into independent parts: the trivial modular network that others are compared with."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from clusterability.errors import ConfigError

CUTTABLE = (nn.Linear, nn.Conv2d)


def cut_masks(module: nn.Module, parts: int) -> list[torch.Tensor]:
    """Return, for each kernel of a chain, 1 where a weight stays and 0 where it is cut, on its device.

    The units (channels) of every layer but the inputs are divided into m parts, unit i of n into part
    floor(i m / n): runs of neighbours, as equal as they can be; so are the outputs, which are classes. A
    weight between two parts is cut. The first layer reads all inputs. A linear layer behind a convolution
    reads each channel at several places, which belong to the channel's part.

    Raises:
        ConfigError: a layer of fewer units than parts.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, CUTTABLE)]
    for number, layer in enumerate(layers):
        if len(layer.weight) < parts:
            name = "outputs" if number == len(layers) - 1 else f"units of hidden layer {number + 1}"
            raise ConfigError(f"model.cut: got {parts}, allowed: up to {len(layer.weight)}, the {name}")
    masks = [torch.ones_like(layers[0].weight)]
    for before, layer in pairwise(layers):
        places = layer.weight.shape[1] // len(before.weight)
        sources = np.repeat(parts_of(len(before.weight), parts), places)
        same = torch.from_numpy(parts_of(len(layer.weight), parts)[:, None] == sources)
        shape = same.shape + (1,) * (layer.weight.dim() - 2)
        masks.append(same.to(layer.weight).reshape(shape).expand_as(layer.weight).contiguous())
    return masks


def parts_of(units: int, parts: int) -> np.ndarray:
    """Return the part of each of a layer's units, shape (units,)."""
    return np.arange(units) * parts // units
