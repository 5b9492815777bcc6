"""VGG with batch norm."""

import math
from collections.abc import Sequence

from torch import nn

from clusterability.models.image import require_image, scaled
from clusterability.models.layers import dense_layers, dropout_layers

VGG16_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_DENSE = 512


def vgg(
    input_shape: Sequence[int],
    num_classes: int,
    *,
    depth: int | None = None,
    width_factor: float = 1.0,
    conv_dropout: float = 0.0,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return VGG with batch norm: blocks of 3x3 convolutions that end in max-pooling by 2, two dense layers.

    The first `depth` blocks of VGG-16 (none: all 5), `width_factor` times as wide. Batch norm lies between
    convolution and ReLU. `conv_dropout` follows each convolution but the last of its block, three quarters of
    it in the first block, as in cifar-vgg (0.3 and 0.4); `dropout` precedes and follows the dense layers (0.5
    there). Simonyan & Zisserman 2014.
    """
    require_image("vgg", input_shape)
    before, *size = input_shape
    layers: list[nn.Module] = []
    for number, block in enumerate(VGG16_BLOCKS[: depth or len(VGG16_BLOCKS)]):
        rate = conv_dropout * (0.75 if number == 0 else 1)
        for index, width in enumerate(scaled(channels, width_factor) for channels in block):
            layers += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            if index < len(block) - 1:
                layers += dropout_layers(rate)
            before = width
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
        size = [-(-side // 2) for side in size]
    dense = scaled(_DENSE, width_factor)
    widths = (before * math.prod(size), dense, dense)
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        *dropout_layers(dropout),
        *dense_layers(widths, dropout),
        nn.Linear(dense, num_classes),
    )
