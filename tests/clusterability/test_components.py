"""The table of components: all of it can be found, one's own as well, and a new one is one line."""

import sys
from dataclasses import fields, is_dataclass

import pytest

from clusterability import components, own_code
from clusterability.components import COMPONENTS, find, names, require_known
from clusterability.errors import ConfigError
from clusterability.measurement.metric import Metric
from clusterability.spaces import resolve_space

ENTRIES = [(kind, name) for kind, entries in COMPONENTS.items() for name in entries]


def is_penalty(component) -> bool:
    settings = {item.name for item in fields(component)}
    return is_dataclass(component) and "weight" in settings and hasattr(component, "attach")


FORMS = {
    "architecture": callable,
    "data set": callable,
    "penalty": is_penalty,
    "null": lambda null: hasattr(null, "model"),
    "estimator": callable,
    "quick_estimator": callable,
    "metric": lambda metric: isinstance(metric, Metric),
    "search method": callable,
    "figure": lambda figure: callable(figure.info) and callable(figure.draw),
}
"""By kind, whether a component is what the kind asks for."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own_code, "_kept", [])
    monkeypatch.setattr(own_code, "_searched", [])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0].startswith("thrown_away")]:
        del sys.modules[name]


def test_every_kind_has_a_form():
    assert FORMS.keys() == COMPONENTS.keys()


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_name_is_found_and_is_what_its_kind_asks_for(kind, name):
    assert name in names(kind)
    require_known(kind, name)
    assert FORMS[kind](find(kind, name))


@pytest.mark.parametrize(("kind", "name"), [(kind, names(kind)[0]) for kind in COMPONENTS])
def test_an_unknown_name_is_told_the_nearest(kind, name):
    wrong = f"{name}{name[-1]}"
    for look in (find, require_known):
        with pytest.raises(ConfigError) as caught:
            look(kind, wrong)
        assert str(caught.value).startswith(f"unknown {kind} {wrong!r}. Did you mean {name!r}? Known: ")
        assert str(caught.value).endswith(", or your own as package.module:attribute")


@pytest.mark.parametrize("kind", COMPONENTS)
def test_the_same_lookup_takes_ones_own(folder, kind):
    (folder / "thrown_away").mkdir()
    (folder / "thrown_away" / "parts.py").write_text("part = object()\n")
    require_known(kind, "thrown_away.parts:part")
    found = find(kind, "thrown_away.parts:part")
    assert found is sys.modules["thrown_away.parts"].part


@pytest.mark.parametrize("kind", COMPONENTS)
def test_ones_own_may_be_installed(kind):
    assert find(kind, "json:dumps") is __import__("json").dumps


def test_what_is_not_there_names_kind_and_component():
    with pytest.raises(ConfigError, match=r"^null 'thrown_away:null': there is no module 'thrown_away' in /"):
        find("null", "thrown_away:null")


THROWN_AWAY = """
from dataclasses import dataclass

import numpy as np
from torch import nn

from clusterability.data.dataset import RawDataset
from clusterability.measurement.metric import Metric
from clusterability.nulls.model import BlockNull
from clusterability.training.penalties.term import Term


def architecture(input_shape, num_classes, dropout):
    layers = (nn.Linear(20, 8), nn.Dropout(dropout), nn.ReLU(), nn.Linear(8, num_classes))
    return nn.Sequential(nn.Flatten(), *layers)


def data():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    inputs = (rng.random((60, 20)) + labels[:, None]).astype(np.float32)
    return RawDataset(
        train_inputs=inputs[:40], train_labels=labels[:40],
        test_inputs=inputs[40:], test_labels=labels[40:], num_classes=3,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Bias:
    weight: float = 0.0
    power: int = 2

    def attach(self, module):
        biases = [layer.bias for layer in module.modules() if isinstance(layer, nn.Linear)]
        return Term(value=lambda: self.weight * sum((bias.abs() ** self.power).sum() for bias in biases))


def _reversed(block, weights, drawn, rng):
    drawn[:] = weights[::-1]


null = BlockNull(draw_block=_reversed)


def estimator(adjacency, num_clusters, rng, eigenvectors):
    return (np.arange(len(adjacency.degrees)) % num_clusters).astype(np.int32)


METRIC = Metric(
    name="thrown_away", meaning="Units of the graph.", label="units", better="max", searchable=True,
    compute=lambda network: network.graph.num_nodes,
)


def propose(*arguments):
    raise NotImplementedError
"""
SPACE = {
    "dataset": "thrown_away",
    "model": {"architecture": "thrown_away"},
    "training": {"epochs": 3},
    "penalties": {"thrown_away": {"weight": 0.5}},
    "ncut": {"num_clusters": 2, "estimator": "thrown_away"},
    "nulls": {"null": "thrown_away", "num_shuffles": 2},
    "objectives": [{"metric": "thrown_away", "direction": "max"}],
    "axes": {"penalties.thrown_away.power": [2, 1]},
}


def test_a_new_component_of_each_kind_is_one_line_of_the_table(folder, monkeypatch):
    from clusterability.sweep.rehearsal import check_networks
    from clusterability.trial import run_trial

    (folder / "thrown_away.py").write_text(THROWN_AWAY)
    monkeypatch.syspath_prepend(folder)
    attributes = {
        "architecture": "architecture", "data set": "data", "penalty": "Bias", "null": "null",
        "estimator": "estimator", "metric": "METRIC", "search method": "propose",
    }  # fmt: skip
    table = {
        kind: {**entries, "thrown_away": f"thrown_away:{attributes[kind]}"} if kind in attributes else entries
        for kind, entries in COMPONENTS.items()
    }
    monkeypatch.setattr(components, "COMPONENTS", table)
    space = resolve_space("new", SPACE, {})
    assert space.base.sources == {}
    assert space.first_condition == {"penalties.thrown_away.power": 2}
    assert check_networks(space) > 0
    record = run_trial(space.trial({"penalties.thrown_away.power": 1}, 0))
    assert record.error is None
    assert record.metrics["thrown_away"] == 20 + 8 + 3
    assert record.history["penalty"][-1] > 0
    assert {name.partition("_")[0] for name in record.null_tests} == {"weights", "contribution"}
    searched = resolve_space("new", {**SPACE, "search": {"method": "thrown_away", "num_trials": 2}}, {})
    assert searched.search.method == "thrown_away"
