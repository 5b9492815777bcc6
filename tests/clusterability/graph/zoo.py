"""The zoo: our models, networks as people build them, and published architectures, small."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

from clusterability.config import ModelConfig
from clusterability.models import build_module

from . import zoo_images as images
from . import zoo_tokens as tokens

PIXELS = (3, 16, 16)


@dataclass(frozen=True, kw_only=True)
class Animal:
    """A network of the zoo."""

    name: str
    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...] = PIXELS
    refused: str = ""
    """What the refusal names; empty: the module is read."""
    is_chain: bool = False
    """The network is a chain of layers, so that its file is read as well."""
    hidden_skips: bool = False
    """Its file is a chain too, since nothing in a file shows a skip between layers of one width."""
    inner: str = ""
    """Attribute that holds the network inside a wrapper; empty: no wrapper."""
    changed: tuple[int, int, int] = (0, 0, 0)
    """Layers whose units can be rescaled (read by one layer, behind ReLU), permuted (the same, not grouped),
    and whose batch norm can be folded into them."""

    def trained(self, seed: int = 0) -> nn.Module:
        """Return the network in evaluation mode, with seeded weights and statistics as if trained."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.build()
            for layer in module.modules():
                if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                    nn.init.uniform_(layer.running_var, 0.3, 3)
                    nn.init.normal_(layer.running_mean, std=0.3)
                    nn.init.uniform_(layer.weight, 0.5, 2)
                    nn.init.normal_(layer.bias, std=0.3)
        return module.eval()

    def inputs(self, num_examples: int = 12) -> torch.Tensor:
        """Return seeded inputs."""
        generator = torch.Generator().manual_seed(1)
        if self.name in ("BERT", "GPT-2"):
            return torch.randint(20, (num_examples, *self.input_shape), generator=generator)
        return torch.randn(num_examples, *self.input_shape, generator=generator)


def ours(architecture: str, **settings) -> Callable[[], nn.Module]:
    config = ModelConfig(architecture=architecture, **settings)
    return lambda: build_module(config, input_shape=PIXELS, num_classes=10, seed=0)


def perceptron(*widths: int) -> nn.Sequential:
    layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class WithParameters(nn.Module):
    """Functions and parameters instead of layers, and a constant in front."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.v = nn.Parameter(torch.randn(16, 20)), nn.Parameter(torch.randn(16, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(functional.linear(x / 255.0, self.w)) @ self.v


class ResidualPerceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner, self.back = nn.Linear(20, 12), nn.Linear(12, 16), nn.Linear(16, 12)
        self.last = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        assert x.ndim == 2, "one row for each example"
        x = torch.relu(self.first(x))
        return self.last(torch.relu(x + self.back(torch.relu(self.inner(x)))))


def normed_perceptron() -> nn.Module:
    first, *others = perceptron(20, 16, 12, 4)
    return nn.Sequential(first, nn.BatchNorm1d(16), *others)


def compiled() -> nn.Module:
    return torch.compile(perceptron(20, 16, 4), backend="eager")  # pyright: ignore[reportReturnType]


def pruned() -> nn.Module:
    module = perceptron(20, 16, 12, 4)
    for layer in module[::2]:
        prune.l1_unstructured(layer, "weight", amount=0.5)
    return module


def weight_normed() -> nn.Module:
    module = perceptron(20, 16, 12, 4)
    parametrizations.weight_norm(module[0])
    parametrizations.spectral_norm(module[2])
    return module


VGG, ALEXNET = (6, "M", 8, "M", 12, 12), (6, "M", 10, "M", 12, 8, 8)
ZOO = (
    Animal(name="our MLP", changed=(3, 3, 0), build=ours("mlp", widths=(16, 14, 12)), is_chain=True),
    Animal(name="our CNN", changed=(4, 4, 0), build=ours("cnn", width_factor=0.125), is_chain=True),
    Animal(name="our VGG", changed=(9, 9, 7), build=ours("vgg", width_factor=0.0625, depth=3), is_chain=True),
    Animal(name="our ResNet", changed=(8, 8, 20), build=ours("resnet", width_factor=0.0625)),
    Animal(
        name="perceptron",
        changed=(2, 2, 0),
        build=lambda: perceptron(20, 16, 12, 4),
        input_shape=(20,),
        is_chain=True,
    ),
    Animal(
        name="perceptron with norm",
        changed=(2, 2, 1),
        build=normed_perceptron,
        input_shape=(20,),
        is_chain=True,
    ),
    Animal(name="residual perceptron", build=ResidualPerceptron, hidden_skips=True, input_shape=(20,)),
    Animal(name="functions and parameters", build=WithParameters, input_shape=(20,)),
    Animal(name="compiled", build=compiled, inner="_orig_mod", input_shape=(20,)),
    Animal(
        name="in parallel",
        build=lambda: nn.DataParallel(perceptron(20, 16, 4)),
        inner="module",
        input_shape=(20,),
    ),
    Animal(name="pruned", build=pruned, input_shape=(20,), is_chain=True),
    Animal(name="weight norm", build=weight_normed, input_shape=(20,), is_chain=True),
    Animal(name="LeNet", changed=(4, 4, 0), build=images.lenet, is_chain=True),
    Animal(name="VGG", changed=(6, 6, 4), build=lambda: images.Vgg(VGG, has_norm=True), is_chain=True),
    Animal(
        name="AlexNet", changed=(7, 7, 0), build=lambda: images.Vgg(ALEXNET, has_norm=False), is_chain=True
    ),
    Animal(name="ResNet-18", changed=(4, 4, 10), build=lambda: images.ResNet(images.BasicBlock)),
    Animal(name="ResNet-50", changed=(8, 8, 14), build=lambda: images.ResNet(images.Bottleneck)),
    Animal(name="ResNeXt", changed=(8, 0, 14), build=lambda: images.ResNet(images.Bottleneck, groups=2)),
    Animal(name="pre-activation ResNet", changed=(2, 2, 2), build=images.PreActivationResNet),
    Animal(name="DenseNet", changed=(6, 6, 7), build=images.DenseNet),
    Animal(name="MobileNetV2", changed=(2, 1, 11), build=lambda: images.mobile_net(is_gated=False)),
    Animal(name="SqueezeNet", changed=(5, 5, 0), build=images.squeeze_net),
    Animal(name="ShuffleNetV2", changed=(6, 2, 8), build=images.ShuffleNet),
    Animal(name="Inception-ResNet", changed=(3, 3, 4), build=images.InceptionResNet),
    Animal(name="U-Net", changed=(6, 6, 6), build=lambda: images.UNet(is_transposed=False)),
    Animal(name="transposed U-Net", changed=(4, 4, 6), build=lambda: images.UNet(is_transposed=True)),
    Animal(name="EfficientNet", build=lambda: images.mobile_net(is_gated=True), refused="mul"),
    Animal(name="ConvNeXt", build=tokens.ConvNeXt, refused="LayerNorm"),
    Animal(
        name="MLP-Mixer", build=lambda: tokens.PatchNetwork(tokens.MixerBlock(16, 8)), refused="LayerNorm"
    ),
    Animal(name="ViT", build=lambda: tokens.PatchNetwork(tokens.EncoderBlock(8)), refused="LayerNorm"),
    Animal(
        name="BERT",
        build=lambda: tokens.LanguageModel(is_causal=False),
        input_shape=(12,),
        refused="Embedding",
    ),
    Animal(
        name="GPT-2",
        build=lambda: tokens.LanguageModel(is_causal=True),
        input_shape=(12,),
        refused="Embedding",
    ),
)
BY_NAME = {animal.name: animal for animal in ZOO}
