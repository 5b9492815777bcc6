"""The paper's small convolutional network."""

import math
from collections.abc import Sequence

from torch import nn

from clusterability.models.image import require_image, scaled
from clusterability.models.layers import dense_layers, dropout_layers

_CHANNELS, _DENSE = (64, 64, 64), 128


def cnn(
    input_shape: Sequence[int],
    num_classes: int,
    *,
    width_factor: float = 1.0,
    conv_dropout: float = 0.0,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return 3x3 convolutions with ReLU, max-pooling by 2 after each but the first, a dense layer, logits.

    64, 64 and 64 channels and 128 dense units, times `width_factor`. `input_shape` is (channels, height,
    width); borders are padded with zeros. Dropout follows each convolution's and the dense layer's ReLU.
    Filan et al. 2021, with dropout 0.25 and 0.5 where it is used.
    """
    require_image("cnn", input_shape)
    before, *size = input_shape
    layers: list[nn.Module] = []
    for index, width in enumerate(scaled(channels, width_factor) for channels in _CHANNELS):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(), *dropout_layers(conv_dropout)]
        if index > 0:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            size = [-(-side // 2) for side in size]
        before = width
    dense = scaled(_DENSE, width_factor)
    head = dense_layers((before * math.prod(size), dense), dropout)
    return nn.Sequential(*layers, nn.Flatten(), *head, nn.Linear(dense, num_classes))
