"""From a configuration to an initialised network."""

import math
from collections.abc import Callable

import torch
from torch import nn

from clusterability.config import ModelConfig
from clusterability.errors import ConfigError
from clusterability.models.convolutional import VGG16_BLOCKS, cnn, vgg
from clusterability.models.initialise import initialise_glorot, make_clusterable
from clusterability.models.mlp import mlp
from clusterability.models.residual import resnet


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
    return mlp((math.prod(input_shape), *config.widths, num_classes), dropout=config.dropout)


def _cnn(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    return cnn(
        _image(input_shape, config),
        num_classes,
        channels=[_scaled(64, config)] * 3,
        dense=_scaled(128, config),
        conv_dropout=config.conv_dropout,
        dropout=config.dropout,
    )


def _vgg(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    blocks = VGG16_BLOCKS[: config.depth or len(VGG16_BLOCKS)]
    return vgg(
        _image(input_shape, config),
        num_classes,
        blocks=[[_scaled(channels, config) for channels in block] for block in blocks],
        dense=_scaled(512, config),
        conv_dropout=config.conv_dropout,
        dropout=config.dropout,
    )


def _resnet(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    return resnet(
        _image(input_shape, config),
        num_classes,
        channels=[_scaled(channels, config) for channels in (64, 128, 256, 512)],
        blocks_per_stage=config.depth or 2,
        dropout=config.dropout,
    )


def _scaled(channels: int, config: ModelConfig) -> int:
    return max(1, round(channels * config.width_factor))


def _image(input_shape: tuple[int, ...], config: ModelConfig) -> tuple[int, ...]:
    if len(input_shape) != 3:
        raise ConfigError(
            f"model.architecture: got {config.architecture!r} for inputs of shape {input_shape}, "
            "allowed: mlp; the others take images (channels, height, width)"
        )
    return input_shape


_ARCHITECTURES: dict[str, Callable[[ModelConfig, tuple[int, ...], int], nn.Module]] = {
    "mlp": _mlp,
    "cnn": _cnn,
    "vgg": _vgg,
    "resnet": _resnet,
}
