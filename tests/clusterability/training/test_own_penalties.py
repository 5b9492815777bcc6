"""Penalties of one's own: a class with a weight and __call__, or one whose attach returns a Term."""

from pathlib import Path

import pytest
import torch
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.errors import ConfigError
from clusterability.models import build_module
from clusterability.training import checkpoint
from clusterability.training.loop import train
from clusterability.training.objective import make_penalty, penalties_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_lab"
OWN = """
import torch
from torch import nn
from clusterability.training.penalties.term import Term

class L1:
    def __init__(self, weight=0.0, power=1):
        self.weight, self.power = weight, power

    def __call__(self, module):
        layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        return sum((layer.weight.abs() ** self.power).sum() for layer in layers)

class Anchor:
    '''Squared distance from a slow average of the weights.'''

    def __init__(self, weight=0.0, stage="batch"):
        self.weight, self.stage = weight, stage

    def attach(self, module):
        average = Average(module)
        return Term(value=lambda: self.weight * average.distance(), stage=self.stage,
                    carrying=(average,), detach=average.leave)

class Average:
    left = []

    def __init__(self, module):
        self.layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        self.values = [layer.weight.detach().clone() for layer in self.layers]

    def distance(self):
        for value, layer in zip(self.values, self.layers):
            value.lerp_(layer.weight.detach(), 0.1)
        pairs = zip(self.values, self.layers)
        return sum(((layer.weight - value) ** 2).sum() for value, layer in pairs)

    def state(self):
        return [value.clone() for value in self.values]

    def restore(self, state):
        for value, kept in zip(self.values, state):
            value.copy_(kept)

    def leave(self):
        self.left.append(len(self.layers))

class NoTerm(L1):
    def attach(self, module):
        return self(module)

class Vector(Anchor):
    def attach(self, module):
        return Term(value=lambda: module[1].weight.sum(dim=0), stage="weights")

class Failing(L1):
    def __call__(self, module):
        return module.no_such_layer.weight
"""
DIGITS = load_dataset(DatasetConfig(name="digits", num_train=300), 0)
PLAIN = TrialConfig(training=TrainingConfig(epochs=4, device="cpu"))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "own_penalties.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def network():
    return build_module(ModelConfig(widths=[12]), input_shape=DIGITS.input_shape, num_classes=10, seed=0)


def trained(penalties=None, **options):
    return train(network(), DIGITS, PLAIN.with_values({"penalties": penalties or {}}), **options)


def weights(result) -> list[torch.Tensor]:
    return list(result.module.state_dict().values())


def test_a_class_that_is_called_does_what_the_built_in_penalty_does():
    own = trained({"own_penalties:L1": {"weight": 1e-3, "power": 1}})
    built_in = trained({"l1": {"weight": 1e-3}})
    for one, other in zip(weights(own), weights(built_in), strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)
    assert own.history[-1]["penalty"] == pytest.approx(built_in.history[-1]["penalty"], rel=1e-4)


def test_settings_and_weight_are_those_of_the_configuration():
    penalty = make_penalty("own_penalties:L1", {"weight": 0.5, "power": 2})
    assert (penalty.weight, penalty.power) == (0.5, 2)
    module = network()
    with penalties_of(module, {"own_penalties:L1": {"weight": 0.5, "power": 2}}) as penalties:
        value = penalties.backward(torch.zeros((), requires_grad=True))
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    expected = sum(float((layer.weight.detach() ** 2).sum()) for layer in layers)
    assert value.item() == pytest.approx(0.5 * expected, rel=1e-5)
    for layer in layers:  # the derivative of half the square is the weight itself
        torch.testing.assert_close(layer.weight.grad, layer.weight.detach())


def test_a_penalty_of_weight_0_is_off():
    for one, other in zip(
        weights(trained({"own_penalties:L1": {"weight": 0.0}})), weights(trained()), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("stage", ["batch", "weights"])
def test_what_attach_carries_survives_an_interruption(tmp_path, monkeypatch, stage):
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0)
    penalties = {"own_penalties:Anchor": {"weight": 0.5, "stage": stage}}
    whole = trained(penalties)

    def interrupt(epoch, metrics):
        if epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(penalties, on_epoch=interrupt, checkpoints=tmp_path / "kept")
    epochs = []
    resumed = trained(
        penalties, on_epoch=lambda epoch, _: epochs.append(epoch), checkpoints=tmp_path / "kept"
    )
    assert epochs == [3, 4]
    assert resumed.history == whole.history
    assert all(torch.equal(*pair) for pair in zip(weights(resumed), weights(whole), strict=True))
    assert whole.history[-1]["penalty"] > 0


def test_what_was_attached_is_detached_also_where_training_fails():
    left = make_penalty("own_penalties:Anchor", {"weight": 1.0}).attach.__globals__["Average"].left
    left.clear()
    trained({"own_penalties:Anchor": {"weight": 1.0, "stage": "batch"}})
    assert left == [2]
    settings = {"own_penalties:Anchor": {"weight": 1.0}, "own_penalties:Failing": {"weight": 1.0}}
    with pytest.raises(ConfigError):
        trained(settings)
    assert left == [2, 2]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("NoTerm", " (own_penalties.py): attach: got a Tensor, allowed: a Term"),
        ("Vector", " (own_penalties.py): got shape (64,), allowed: a scalar tensor"),
        ("Failing", ": own_penalties.py, line 58: AttributeError: 'Sequential' object has no attribute "
         "'no_such_layer'"),
    ],
)  # fmt: skip
def test_a_penalty_that_cannot_be_used_is_one_line(name, line):
    with pytest.raises(ConfigError) as caught:
        trained({f"own_penalties:{name}": {"weight": 1.0}})
    assert str(caught.value) == f"penalty 'own_penalties:{name}'{line}"


def test_the_examples_gradient_is_that_of_its_value(monkeypatch):
    monkeypatch.chdir(EXAMPLE)
    penalty = make_penalty("my_lab.penalties:Orthogonality", {"weight": 1.0})
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)).double()
    penalty(module).backward()
    for layer in (module[0], module[2]):
        weight, gradient = layer.weight.data, layer.weight.grad
        for place in ((0, 0), (2, 1), (1, 3)):
            sides = []
            for step in (1e-6, -1e-6):
                weight[place] += step
                sides.append(penalty(module).item())
                weight[place] -= step
            assert gradient[place].item() == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_the_example_measures_how_alike_units_are(monkeypatch):
    monkeypatch.chdir(EXAMPLE)
    penalty = make_penalty("my_lab.penalties:Orthogonality", {"weight": 1.0})
    module = nn.Linear(3, 3)
    module.weight.data = 5 * torch.eye(3)
    assert penalty(module).item() == 0
    module.weight.data = torch.ones(3, 3)
    assert penalty(module).item() == pytest.approx(6 / 9)  # six of nine pairs are two units, cosine 1
