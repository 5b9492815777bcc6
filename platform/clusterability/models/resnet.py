"""Residual networks for small images."""

from collections.abc import Sequence

import torch
from torch import nn

from clusterability.models.image import require_image, scaled

_CHANNELS, _BLOCKS_PER_STAGE = (64, 128, 256, 512), 2


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, around which the input is added (He et al. 2015, figure 2).

    Where the block halves the image or changes the number of channels, the input goes through a 1x1
    convolution with batch norm first.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.convolution2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.skip = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels)
            )
        self.relu2 = nn.ReLU()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the block's activations."""
        hidden = self.relu1(self.norm1(self.convolution1(inputs)))
        return self.relu2(self.norm2(self.convolution2(hidden)) + self.skip(inputs))


def resnet(
    input_shape: Sequence[int],
    num_classes: int,
    *,
    depth: int | None = None,
    width_factor: float = 1.0,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return a residual network with the stem for small images: one 3x3 convolution, no pooling.

    Four stages of `depth` basic blocks each (none: 2, ResNet-18) with 64, 128, 256 and 512 channels, times
    `width_factor`; all but the first stage begin by halving the image. Dropout precedes the logits.
    `input_shape` is (channels, height, width).
    """
    require_image("resnet", input_shape)
    channels = [scaled(number, width_factor) for number in _CHANNELS]
    before = channels[0]
    layers: list[nn.Module] = [
        nn.Conv2d(input_shape[0], before, 3, padding=1, bias=False), nn.BatchNorm2d(before), nn.ReLU()
    ]  # fmt: skip
    for stage, width in enumerate(channels):
        for block in range(depth or _BLOCKS_PER_STAGE):
            layers.append(BasicBlock(before, width, stride=2 if stage > 0 and block == 0 else 1))
            before = width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if dropout > 0:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(before, num_classes))
