"""Published image networks, small: the same layers in the same order and wiring, fewer and narrower."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


def lenet() -> nn.Module:
    """LeCun et al. 1998."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * 16, 24), nn.ReLU(), nn.Linear(24, 14), nn.ReLU(),
        nn.Linear(14, 10),
    )  # fmt: skip


class Vgg(nn.Module):
    """Simonyan and Zisserman 2014, with batch norm as in torchvision's vgg11_bn; AlexNet without."""

    def __init__(self, channels: tuple[int | str, ...], has_norm: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for entry in channels:
            if isinstance(entry, str):
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [
                nn.Conv2d(width, entry, 3, padding=1),
                *([nn.BatchNorm2d(entry)] if has_norm else []),
                nn.ReLU(True),
            ]
            width = entry
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(
            nn.Linear(width * 4, 20), nn.ReLU(True), nn.Dropout(), nn.Linear(20, 18), nn.ReLU(True),
            nn.Dropout(), nn.Linear(18, 10),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


class BasicBlock(nn.Module):
    """ResNet-18's: He et al. 2015."""

    def __init__(self, width_in: int, width: int, stride: int, groups: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1, self.bn2, self.relu = nn.BatchNorm2d(width), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.downsample = shortcut(width_in, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Bottleneck(nn.Module):
    """ResNet-50's, and with groups ResNeXt's: Xie et al. 2016."""

    def __init__(self, width_in: int, width: int, stride: int, groups: int = 1) -> None:
        super().__init__()
        inner = width // 2
        self.conv1, self.bn1 = nn.Conv2d(width_in, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
        self.bn2, self.bn3 = nn.BatchNorm2d(inner), nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(inner, width, 1, bias=False)
        self.relu, self.downsample = nn.ReLU(inplace=True), shortcut(width_in, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(out)))))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


def shortcut(width_in: int, width: int, stride: int) -> nn.Module | None:
    if stride == 1 and width_in == width:
        return None
    return nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))


class ResNet(nn.Module):
    """Two blocks in each of two stages."""

    def __init__(self, block: type[BasicBlock | Bottleneck], groups: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(block(8, 8, 1, groups), block(8, 8, 1, groups))
        self.layer2 = nn.Sequential(block(8, 12, 2, groups), block(12, 12, 1, groups))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(12, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class PreActivationResNet(nn.Module):
    """He et al. 2016: norm and nonlinearity stand before the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in range(4))
        self.convolutions = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1, bias=False) for _ in range(4))
        self.norm, self.fc = nn.BatchNorm2d(8), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for first in (0, 2):
            inner = x
            for number in (first, first + 1):
                inner = self.convolutions[number](functional.relu(self.norms[number](inner)))
            x = x + inner
        x = functional.adaptive_avg_pool2d(functional.relu(self.norm(x)), 1)
        return self.fc(x.view(x.size(0), -1))


class DenseLayer(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(width), nn.Conv2d(width, 2 * growth, 1, bias=False)
        self.norm2, self.conv2 = (
            nn.BatchNorm2d(2 * growth),
            nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        bottleneck = self.conv1(functional.relu(self.norm1(torch.cat(features, 1))))
        return self.conv2(functional.relu(self.norm2(bottleneck)))


class DenseNet(nn.Module):
    """Huang et al. 2017: two blocks of three layers and a transition, growth 4."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm0 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.block1 = nn.ModuleList(DenseLayer(8 + 4 * number, 4) for number in range(3))
        self.norm, self.transition = nn.BatchNorm2d(20), nn.Conv2d(20, 10, 1, bias=False)
        self.block2 = nn.ModuleList(DenseLayer(10 + 4 * number, 4) for number in range(3))
        self.norm5, self.classifier = nn.BatchNorm2d(22), nn.Linear(22, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.norm0(self.stem(x))), 2)
        x = functional.avg_pool2d(self.transition(functional.relu(self.norm(self.dense(self.block1, x)))), 2)
        x = functional.relu(self.norm5(self.dense(self.block2, x)))
        return self.classifier(torch.flatten(functional.adaptive_avg_pool2d(x, (1, 1)), 1))

    @staticmethod
    def dense(block: nn.ModuleList, x: torch.Tensor) -> torch.Tensor:
        features = [x]
        for layer in block:
            features.append(layer(features))
        return torch.cat(features, 1)


class InvertedResidual(nn.Module):
    """MobileNetV2's: Sandler et al. 2018; with squeeze-and-excitation EfficientNet's: Tan and Le 2019."""

    def __init__(self, width_in: int, width: int, stride: int, is_gated: bool = False) -> None:
        super().__init__()
        inner, nonlinearity = 3 * width_in, nn.SiLU if is_gated else nn.ReLU6
        self.expand = nn.Sequential(
            nn.Conv2d(width_in, inner, 1, bias=False), nn.BatchNorm2d(inner), nonlinearity()
        )
        self.depthwise = nn.Sequential(
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nonlinearity(),
        )
        self.gate = SqueezeExcitation(inner) if is_gated else nn.Identity()
        self.project = nn.Sequential(nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width))
        self.has_skip = stride == 1 and width_in == width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.project(self.gate(self.depthwise(self.expand(x))))
        return x + out if self.has_skip else out


class SqueezeExcitation(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.pool, self.fc1, self.fc2 = (
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(width, 4, 1),
            nn.Conv2d(4, width, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.fc2(functional.silu(self.fc1(self.pool(x))))) * x


def mobile_net(is_gated: bool) -> nn.Module:
    blocks = [InvertedResidual(*sizes, is_gated=is_gated) for sizes in ((8, 8, 1), (8, 10, 2), (10, 10, 1))]
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), *blocks, nn.Conv2d(10, 16, 1),
        nn.BatchNorm2d(16), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(16, 10),
    )  # fmt: skip


class Fire(nn.Module):
    """SqueezeNet's: Iandola et al. 2016."""

    def __init__(self, width_in: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze, self.relu = nn.Conv2d(width_in, squeeze, 1), nn.ReLU(inplace=True)
        self.expand1x1, self.expand3x3 = (
            nn.Conv2d(squeeze, expand, 1),
            nn.Conv2d(squeeze, expand, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.squeeze(x))
        return torch.cat([self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))], 1)


def squeeze_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(8, 4, 6),
        Fire(12, 4, 6), nn.Dropout(0.5), nn.Conv2d(12, 10, 1), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(1),
    )  # fmt: skip


class ShuffleUnit(nn.Module):
    """ShuffleNetV2's: Ma et al. 2018: half of the channels pass, and the channels are shuffled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.branch = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, 1, 1, groups=half, bias=False), nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        passed, read = x.chunk(2, dim=1)
        out = torch.cat((passed, self.branch(read)), dim=1)
        batch, channels, height, width = out.size()
        out = out.view(batch, 2, channels // 2, height, width)
        return torch.transpose(out, 1, 2).contiguous().view(batch, channels, height, width)


class ShuffleNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True)
        )
        self.stage2 = nn.Sequential(ShuffleUnit(8), ShuffleUnit(8))
        self.conv5 = nn.Sequential(nn.Conv2d(8, 12, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True))
        self.fc = nn.Linear(12, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.conv5(self.stage2(self.conv1(x))).mean([2, 3]))


class InceptionResNet(nn.Module):
    """Szegedy et al. 2016: branches are concatenated, and a scaled sum goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8, eps=0.001), nn.ReLU()
        )
        self.branch0 = nn.Sequential(nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4, eps=0.001), nn.ReLU())
        self.branch1 = nn.Sequential(
            nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4, eps=0.001), nn.ReLU(),
            nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6, eps=0.001), nn.ReLU(),
        )  # fmt: skip
        self.conv2d, self.last_linear = nn.Conv2d(10, 8, 1), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = self.conv2d(torch.cat((self.branch0(x), self.branch1(x)), 1)) * 0.17 + x
        x = functional.relu(x)
        return self.last_linear(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class UNet(nn.Module):
    """Ronneberger et al. 2015: upwards by a transposed convolution, or by interpolation."""

    def __init__(self, is_transposed: bool) -> None:
        super().__init__()
        self.down, self.bottom, self.out = double(3, 6), double(6, 8), nn.Conv2d(6, 2, 1)
        self.up = (
            nn.ConvTranspose2d(8, 6, 2, 2)
            if is_transposed
            else nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 6, 1))
        )
        self.merged = double(12, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self.down(x)
        x = self.up(self.bottom(functional.max_pool2d(skip, 2)))
        return self.out(self.merged(torch.cat([skip, x], dim=1)))


def double(width_in: int, width: int) -> nn.Sequential:
    parts = []
    for one, other in pairwise((width_in, width, width)):
        parts += [
            nn.Conv2d(one, other, 3, padding=1, bias=False),
            nn.BatchNorm2d(other),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*parts)
