"""Components of one's own in a space: named, swept, as objectives, and part of a condition's identity."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from clusterability.config import TrialConfig
from clusterability.errors import ConfigError
from clusterability.spaces import load_space, resolve_space

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_lab"
WEIGHT = "penalties.my_lab.penalties:Orthogonality.weight"


@pytest.fixture(autouse=True)
def lab(tmp_path, monkeypatch):
    folder = tmp_path / "lab"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("runs", "__pycache__"))
    monkeypatch.chdir(folder)
    return folder


def space(*overrides: str):
    return load_space("spikes.yaml", overrides)


def test_the_axes_are_those_of_the_file_and_the_control_is_its_own_values():
    spikes = space()
    assert [(axis.name, axis.values) for axis in spikes.axes] == [
        ("model.options.width", (16, 8)),
        (WEIGHT, (0.0, 0.01)),
    ]
    assert spikes.control == {"model.options.width": 16, WEIGHT: 0.0}
    assert spikes.num_conditions == 4
    trial = spikes.trial({"model.options.width": 8, WEIGHT: 0.01}, 3)
    assert trial.model.options == {"width": 8}
    assert trial.penalties == {"my_lab.penalties:Orthogonality": {"weight": 0.01}}
    assert trial.value(WEIGHT) == 0.01
    assert spikes.assignment_of(trial) == {"model.options.width": 8, WEIGHT: 0.01}
    assert spikes.label(trial) == "width=8 Orthogonality.weight=0.01"


def test_own_components_and_their_files_are_found():
    spikes = space()
    assert spikes.own_components == [
        "my_lab.data:spikes",
        "my_lab.metrics:sparsity",
        "my_lab.nets:Tiny",
        "my_lab.nulls:swap",
        "my_lab.penalties:Orthogonality",
    ]
    modules = ("__init__", "data", "metrics", "nets", "nulls", "penalties")
    assert list(spikes.base.sources) == [f"my_lab/{name}.py" for name in modules]


def rewrite(lab, **sections):
    """Replace whole sections of the file; None takes one away."""
    content = yaml.safe_load((lab / "spikes.yaml").read_text()) | sections
    kept = {name: value for name, value in content.items() if value is not None}
    (lab / "spikes.yaml").write_text(yaml.safe_dump(kept))


def test_a_network_that_only_an_axis_names_is_one_of_them(lab):
    rewrite(lab, model=None, axes={"model.architecture": ["mlp", "my_lab.nets:Tiny"]})
    swept = space()
    assert swept.control == {"model.architecture": "mlp"}
    assert "my_lab.nets:Tiny" in swept.own_components


def test_a_changed_line_is_another_condition_and_another_sweep(lab):
    before = space()
    trial = before.trial(before.first_condition, 0)
    path = lab / "my_lab" / "nets.py"
    path.write_text(path.read_text().replace("torch.relu(self.first", "torch.tanh(self.first"))
    after = space()
    assert after.fingerprint != before.fingerprint
    assert after.trial(after.first_condition, 0).condition_id != trial.condition_id
    path.write_text((EXAMPLE / "my_lab" / "nets.py").read_text())
    assert space().trial(before.first_condition, 0).trial_id == trial.trial_id


def test_a_changed_npz_file_is_another_condition(lab):
    def identifier(value: float) -> str:
        np.savez("counts.npz", train_inputs=np.full((8, 3), value))
        counts = space()
        return counts.trial(counts.first_condition, 0).condition_id

    rewrite(lab, dataset={"name": "npz", "path": "counts.npz"})
    assert identifier(1.0) != identifier(2.0)
    assert identifier(1.0) == identifier(1.0)


def test_the_space_on_disk_gives_the_same_trials_whatever_the_files_are_now(lab):
    spikes = space()
    (lab / "my_lab" / "metrics.py").write_text((lab / "my_lab" / "metrics.py").read_text() + "# edited\n")
    again = resolve_space(spikes.name, spikes.definition, {}, spikes.base.sources)
    assert again == spikes
    assert again.fingerprint == spikes.fingerprint
    config = spikes.trial(spikes.first_condition, 0)
    assert TrialConfig.from_dict(config.to_dict()).trial_id == config.trial_id


def test_the_default_of_a_swept_option_is_the_controls_value(lab):
    axes = {"model.options.width": [4, 16], "dataset.options.cells": {"low": 10, "high": 30}}
    rewrite(
        lab, axes=axes, model={"architecture": "my_lab.nets:Tiny"}, dataset={"name": "my_lab.data:spikes"}
    )
    spikes = space("search={method: random, num_trials: 3}")
    assert spikes.control == {"model.options.width": 16, "dataset.options.cells": 20}
    assert spikes.axes[1].sample(np.random.default_rng(0)) in range(10, 31)


def test_an_option_without_a_default_has_no_control():
    spikes = space("model.architecture=my_lab.nets:Tiny", "axes={model.options.depth: [1, 2]}")
    assert spikes.control is None
    assert spikes.first_condition == {"model.options.depth": 1}


@pytest.mark.parametrize("name", ["sparsity", "my_lab.metrics:sparsity"])
def test_an_own_metric_is_an_objective_by_either_name(name):
    spikes = space(f"objectives=[{{metric: '{name}', direction: max}}, {{metric: ncut, direction: min}}]")
    assert [objective.metric for objective in spikes.objectives] == ["sparsity", "ncut"]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("axes.penalties.my_lab.penalties:Orthogonal.weight=[0, 1]", "unknown attribute 'Orthogonal'"),
        ("axes.penalties.my_lab.penalties.weight=[0, 1]", "unknown axis 'penalties.my_lab.penalties.weight'"),
        ("axes.model.width=[0, 1]", "unknown axis 'model.width'. Did you mean 'model.widths'?"),
        ("metrics=[my_lab.metrics:sparse]", "unknown attribute 'sparse'. Did you mean 'sparsity'?"),
        ("model.options=16", "model.options: got 16, allowed: a mapping of fields to values"),
        ("dataset.name=my_lab.data", "unknown data set 'my_lab.data'"),
    ],
)
def test_a_name_that_is_not_there_is_one_line(override, line):
    with pytest.raises(ConfigError) as caught:
        space(override)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
