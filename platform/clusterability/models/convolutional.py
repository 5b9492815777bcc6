"""The paper's small convolutional network, and VGG."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

VGG16_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def cnn(
    input_shape: Sequence[int],
    num_classes: int,
    *,
    channels: Sequence[int] = (64, 64, 64),
    dense: int = 128,
    conv_dropout: float = 0.0,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return 3x3 convolutions with ReLU, max-pooling by 2 after each but the first, a dense layer, logits.

    `input_shape` is (channels, height, width); borders are padded with zeros. Dropout follows each
    convolution's and the dense layer's ReLU. Filan et al. 2021: channels 64, 64, 64, dense 128, dropout 0.25
    and 0.5 where it is used.
    """
    before, *size = input_shape
    layers: list[nn.Module] = []
    for index, width in enumerate(channels):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(), *_dropout(conv_dropout)]
        if index > 0:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            size = [-(-side // 2) for side in size]
        before = width
    return nn.Sequential(*layers, nn.Flatten(), *_dense((before * math.prod(size), dense), dropout),
                         nn.Linear(dense, num_classes))  # fmt: skip


def vgg(
    input_shape: Sequence[int],
    num_classes: int,
    *,
    blocks: Sequence[Sequence[int]] = VGG16_BLOCKS,
    dense: int = 512,
    conv_dropout: float = 0.0,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return VGG with batch norm: blocks of 3x3 convolutions that end in max-pooling by 2, two dense layers.

    `blocks` gives the channels of each convolution, block by block. Batch norm lies between convolution and
    ReLU. `conv_dropout` follows each convolution but the last of its block, three quarters of it in the first
    block, as in cifar-vgg (0.3 and 0.4); `dropout` precedes and follows the dense layers (0.5 there).
    Simonyan & Zisserman 2014.
    """
    before, *size = input_shape
    layers: list[nn.Module] = []
    for number, block in enumerate(blocks):
        rate = conv_dropout * (0.75 if number == 0 else 1)
        for index, width in enumerate(block):
            layers += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            if index < len(block) - 1:
                layers += _dropout(rate)
            before = width
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
        size = [-(-side // 2) for side in size]
    widths = (before * math.prod(size), dense, dense)
    return nn.Sequential(
        *layers, nn.Flatten(), *_dropout(dropout), *_dense(widths, dropout), nn.Linear(dense, num_classes)
    )


def _dense(widths: Sequence[int], dropout: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU(), *_dropout(dropout)]
    return layers


def _dropout(rate: float) -> list[nn.Module]:
    return [nn.Dropout(rate)] if rate > 0 else []
