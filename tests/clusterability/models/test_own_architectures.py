"""Networks of one's own: a callable (input_shape, num_classes, **options) that makes a torch module."""

import pytest
import torch
from torch import nn

from clusterability.config import ModelConfig
from clusterability.errors import ConfigError
from clusterability.models import build_module

OWN = """
import math
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, input_shape, num_classes, width=6, act="relu"):
        super().__init__()
        self.first = nn.Linear(math.prod(input_shape), width)
        self.out = nn.Linear(width, num_classes)
        self.received = (input_shape, num_classes, width, act)

    def forward(self, inputs):
        return self.out(torch.relu(self.first(inputs.flatten(1))))

def make(input_shape, num_classes, **options):
    return Net(input_shape, num_classes, **options)

def constant(input_shape, num_classes):
    module = Net(input_shape, num_classes)
    nn.init.constant_(module.first.weight, 0.25)
    return module

def failing(input_shape, num_classes):
    return nn.Linear(input_shape, num_classes)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "own_nets.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)


def build(name: str, seed: int = 0, initialisation=None, **options) -> nn.Module:
    config = ModelConfig(architecture=f"own_nets:{name}", options=options, initialisation=initialisation)
    return build_module(config, input_shape=(2, 3), num_classes=4, seed=seed)


@pytest.mark.parametrize("name", ["Net", "make"])
def test_a_class_or_a_function_is_given_shape_classes_and_options(name):
    assert build(name).received == ((2, 3), 4, 6, "relu")
    module = build(name, width=9, act="elu")
    assert module.received == ((2, 3), 4, 9, "elu")
    assert module(torch.zeros(5, 2, 3)).shape == (5, 4)


def test_weights_follow_from_the_seed_and_leave_torchs_generator_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same, other = build("Net"), build("Net"), build("Net", seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one.first.weight, same.first.weight)
    assert not torch.equal(one.first.weight, other.first.weight)


@pytest.mark.parametrize("initialisation", [None, "own"])
def test_the_module_keeps_its_own_weights_unless_told_otherwise(initialisation):
    assert torch.all(build("constant", initialisation=initialisation).first.weight == 0.25)


@pytest.mark.parametrize("initialisation", ["glorot", "clusterable"])
def test_the_initialisations_of_the_platform_can_be_asked_for(initialisation):
    module = build("constant", initialisation=initialisation)
    assert module.first.weight.std() > 0
    assert torch.all(module.first.bias == 0)


def test_code_that_fails_is_named_with_its_line():
    with pytest.raises(ConfigError) as caught:
        build("failing")
    assert str(caught.value).startswith("architecture 'own_nets:failing': own_nets.py, line 25: TypeError: ")


def test_options_belong_to_networks_of_ones_own():
    with pytest.raises(ConfigError, match=r"^model.options: got {'width': 3}, allowed: none for mlp, which"):
        ModelConfig(options={"width": 3})
