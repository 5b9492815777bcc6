"""From a configuration to an initialised network."""

import math
from collections.abc import Callable

import torch
from torch import nn

from clusterability.config import ModelConfig
from clusterability.models.initialise import initialise_glorot, make_clusterable
from clusterability.models.mlp import mlp


def build_module(
    config: ModelConfig, *, input_shape: tuple[int, ...], num_classes: int, seed: int
) -> nn.Module:
    """Return the network of `config`, on the CPU, in float32.

    It takes inputs of shape (n, *input_shape) and gives logits of shape (n, num_classes). Weights are Glorot
    uniform from the seed's stream "initialisation", biases zero; the clusterable initialisation goes on from
    there.
    """
    with torch.random.fork_rng(devices=[]):  # torch's layers draw weights of their own when made
        module = _ARCHITECTURES[config.architecture](config, input_shape, num_classes)
    initialise_glorot(module, seed)
    if config.initialisation == "clusterable":
        make_clusterable(
            module,
            seed,
            num_modules=config.num_modules,
            between=config.between_modules,
            num_classes=num_classes,
        )
    return module


def _mlp(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    widths = (math.prod(input_shape), *config.widths, num_classes)
    return mlp(widths, dropout=config.dropout)


_ARCHITECTURES: dict[str, Callable[[ModelConfig, tuple[int, ...], int], nn.Module]] = {"mlp": _mlp}
