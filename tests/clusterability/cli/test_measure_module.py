"""A network of one's own, measured on data: a hand-built one of four parts, each for a class of its own."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from clusterability.cli import main
from clusterability.cli.own_module import built_module, load_weights
from clusterability.config import LesionsConfig, NcutConfig, NullsConfig, TrialConfig
from clusterability.data.dataset import Dataset, Split
from clusterability.errors import CheckpointError
from clusterability.lesions.plain import plain_values
from clusterability.measurement.network import MeasuredNetwork
from clusterability.training.evaluate import evaluate

QUICK = ["--num-clusters", "4", "--num-shuffles", "3", "--nulls", "layer", "--statistics", "ncut"]
SHORT = [*QUICK[:2], "--nulls", "", "--num-random", "3"]
PLANTED = ["measure", "--module", "nets:Tiny", "--weights", "planted.pt", "--data", "test.npz", *QUICK]
CODE = '''
import torch
from torch import nn

class Tiny(nn.Module):
    """Four parts of `copies` units in each of two layers, and two units that never fire."""

    def __init__(self, copies=6):
        super().__init__()
        self.first = nn.Linear(4, 4 * copies + 2)
        self.second = nn.Linear(4 * copies + 2, 4 * copies)
        self.out = nn.Linear(4 * copies, 5)

    def forward(self, inputs):
        return self.out(torch.relu(self.second(torch.relu(self.first(inputs)))))

def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 3)
    )

def regressor():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))

def forgetful():
    """Return no module."""

def lazy():
    return nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.Linear(4, 2))

def failing():
    raise RuntimeError("out of wool")

class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)

    def forward(self, inputs):
        return self.first(inputs) if inputs.sum() > 0 else inputs

class Sorting(Tiny):
    def forward(self, inputs):
        return super().forward(inputs.sort()[0])

plain_number = 7
linear = nn.Linear(2, 2)
'''


def planted_weights(copies: int = 6) -> dict[str, torch.Tensor]:
    alive = 4 * copies
    part = torch.eye(4).repeat_interleave(copies, dim=0)
    first = torch.cat([part, torch.full((2, 4), 0.1)])
    second = torch.cat([part @ part.T, torch.full((alive, 2), 0.1)], dim=1) / copies
    out = torch.cat([6 * part.T / copies, torch.zeros(1, alive)])
    return {
        "first.weight": first,
        "first.bias": torch.tensor([0.0] * alive + [-50.0] * 2),
        "second.weight": second,
        "second.bias": torch.zeros(alive),
        "out.weight": out,
        "out.bias": torch.tensor([0.0, 0, 0, 0, 0.5]),  # class 4, "none", where no part says anything
    }


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Return the current folder with nets.py, its planted weights, and 80 examples of classes 0 to 3."""
    (tmp_path / "nets.py").write_text(CODE)
    torch.save(planted_weights(), tmp_path / "planted.pt")
    rng = np.random.default_rng(0)
    targets = np.arange(4).repeat(20)
    inputs = np.eye(4)[targets] * rng.uniform(1, 2, (80, 1))
    np.savez(tmp_path / "test.npz", inputs=inputs, targets=targets)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def measured(capsys, *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_planted_parts_are_found_and_each_lesion_costs_its_own_class(lab, capsys):
    found = measured(capsys, *PLANTED)
    assert found["accuracy"] == 1
    assert found["notes"] == []
    assert found["weights"]["connected_units"] == [4, 26, 24, 4]
    assert found["contribution"]["connected_units"] == [4, 24, 24, 4]
    assert found["contribution"]["kept"][1] == list(range(24))
    assert found["contribution"]["ncut"]["refined"]["ncut"] == pytest.approx(0, abs=1e-6)
    assert found["contribution"]["layered_modularity"]["value"] == pytest.approx(0.75)
    for lesions in found["lesions"].values():
        assert lesions["functional_clusters"] == pytest.approx(4, rel=1e-3)
        assert lesions["clusters_without_effect"] == 0
        assert lesions["causal_gap"]["value"] == pytest.approx(1)
        assert lesions["baseline_accuracy"] == 1
        assert [cluster["units_per_layer"] for cluster in lesions["clusters"]] == [[6, 6]] * 4
        drops = np.array([cluster["class_accuracy_drop"] for cluster in lesions["clusters"]])
        assert sorted(drops.argmax(axis=1)) == [0, 1, 2, 3]
        assert drops.sum() == pytest.approx(4)


def test_the_numbers_are_those_of_a_trial(lab, capsys):
    """An untrained network, more examples than are lesioned on, two nulls: as a trial measures it."""
    rng = np.random.default_rng(1)
    inputs, labels = rng.normal(size=(120, 4)).astype(np.float32), rng.integers(0, 5, 120)
    np.savez("own.npz", inputs=inputs, targets=labels)
    found = measured(
        capsys, "measure", "--module", "nets:Tiny", "--data", "own.npz", "--num-clusters", "4",
        "--num-shuffles", "3", "--nulls", "layer,dispersion", "--num-examples", "50", "--num-random", "7",
        "--seed", "3",
    )  # fmt: skip
    module = built_module("nets:Tiny", None, seed=3)
    split = Split(inputs=inputs, labels=labels)
    dataset = Dataset(name="own", train=split, validation=split, test=split, num_classes=5, sha256="")
    config = TrialConfig(
        seed=3,
        ncut=NcutConfig(num_clusters=4),
        nulls=NullsConfig(null="layer", verdict="dispersion", num_shuffles=3, test_contribution=True),
        lesions=LesionsConfig(num_random=7, num_examples=50),
    )
    network = MeasuredNetwork(module, dataset, config)
    for graph, own in ((network.weights, "weights"), (network.contribution, "contribution")):
        assert found[own]["labels"] == graph.partition.labels.tolist()
        assert found[own]["ncut"]["refined"]["ncut"] == graph.partition.value
        assert found[own]["layered_modularity"]["labels"] == graph.modularity.labels.tolist()
        tests = {(test["statistic"], test["null"]): test for test in found[own]["null_tests"]}
        for test in (graph.null_test, graph.verdict_test, graph.modularity_test):
            assert tests[test.statistic, test.null]["values"] == test.null_values.tolist()
    assert network.lesions.num_examples == 50
    lesions = {
        "layered_modularity_contribution": plain_values(network.lesions),
        "ncut_contribution": plain_values(network.ncut_lesions),
    }
    assert found["lesions"] == json.loads(json.dumps(lesions))
    expected = evaluate(module, torch.tensor(inputs), torch.tensor(labels))
    assert (found["accuracy"], found["loss"]) == (expected.accuracy, expected.loss)
    assert found["notes"] == ["untrained: no weights given, so the network is as its code builds it"]


def test_without_data_the_weights_are_measured_and_the_seed_builds_the_network(lab, capsys):
    command = ["measure", "--module", "nets:Tiny", "--module-args", '{"copies": 5}', *QUICK]
    first, again, other = (measured(capsys, *command, "--seed", seed) for seed in ("0", "0", "1"))
    assert first["weights"]["units"] == [4, 22, 20, 5]
    assert first == again
    assert first["weights"]["ncut"] != other["weights"]["ncut"]
    assert (first["contribution"], first["accuracy"], first["lesions"]) == (None, None, {})
    assert [note.partition(":")[0] for note in first["notes"]] == ["untrained", "no data given"]


def test_inputs_alone_give_contributions(lab, capsys):
    np.savez("inputs.npz", inputs=np.load("test.npz")["inputs"])
    found = measured(capsys, *PLANTED, "--data", "inputs.npz")
    assert found["contribution"]["connected_units"] == [4, 24, 24, 4]
    assert (found["accuracy"], found["lesions"]) == (None, {})
    assert found["notes"] == ["no targets in the data: accuracy and lesions are not measured"]


def test_the_test_set_of_a_data_set_and_bytes_are_taken(lab, capsys):
    bytes_ = np.full((40, 4), 3, dtype=np.uint8)
    targets = np.arange(4).repeat(10)
    bytes_[np.arange(40), targets] = np.arange(100, 140)
    train = {"train_inputs": bytes_[::-1], "train_labels": targets}
    np.savez("set.npz", **train, test_inputs=bytes_, test_labels=targets)
    found = measured(capsys, *PLANTED, "--data", "set.npz", "--num-random", "0")
    assert (found["accuracy"], found["num_examples"], found["lesions"]) == (1, 40, {})
    assert found["notes"] == ["inputs are bytes: brought to 0 to 1"]


def test_a_regression_has_a_coefficient_of_determination(lab, capsys):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(30, 4)).astype(np.float32)
    module = built_module("nets:regressor", None, seed=0)
    outputs = module(torch.tensor(inputs)).detach().numpy()
    targets = (outputs + 0.1 * rng.normal(size=outputs.shape)).astype(np.float32)
    np.savez("numbers.npz", inputs=inputs, targets=targets)
    found = measured(capsys, "measure", "--module", "nets:regressor", "--data", "numbers.npz", *QUICK)
    explained = 1 - ((outputs - targets) ** 2).sum() / ((targets - targets.mean(axis=0)) ** 2).sum()
    assert found["accuracy"] == pytest.approx(explained, rel=1e-4)
    assert found["lesions"]["ncut_contribution"]["causal_gap"] is None
    assert main(["measure", "--module", "nets:regressor", "--data", "numbers.npz", *SHORT]) == 0
    assert f"R² {explained:.4g}" in capsys.readouterr().out


def test_a_convolutional_network_keeps_the_layers_asked_for(lab, capsys):
    rng = np.random.default_rng(0)
    np.savez("images.npz", inputs=rng.normal(size=(12, 1, 8, 8)), targets=np.arange(12) % 3)
    command = ["measure", "--module", "nets:small_cnn", "--num-clusters", "4", "--nulls", ""]
    convolutions = measured(capsys, *command)
    on_data = ["--data", "images.npz", "--num-random", "3", "--kept-layers", "all"]
    everything = measured(capsys, *command, *on_data)
    assert convolutions["weights"]["units"] == [6, 6]
    assert everything["contribution"]["units"] == [1, 6, 6, 3]
    assert len(everything["lesions"]["ncut_contribution"]["layer_names"]) == 2


def test_a_dead_network_leaves_a_note_and_its_weights(lab, capsys):
    dead = planted_weights() | {"first.bias": torch.full((26,), -100.0)}
    torch.save(dead, "dead.pt")
    picture = ["--plot", "dead.png"]
    found = measured(capsys, *PLANTED, "--weights", "dead.pt", *picture)
    assert found["contribution"] is None
    assert found["lesions"] == {}
    assert [note.partition(":")[0] for note in found["notes"]] == ["contribution graph"]
    assert found["weights"]["connected_units"] == [4, 26, 24, 4]


def test_tables_name_what_clusters_do(lab, capsys):
    assert main([*PLANTED[:3], *PLANTED[5:7], *SHORT]) == 0
    captured = capsys.readouterr()
    for words in (
        "untrained",
        "accuracy 0.",
        "functional clusters",
        "clusters without effect",
        "causal gap",
        "largest",
    ):
        assert words in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("form", ["plain", "wrapped", "parallel", "safetensors", "own prefix"])
def test_weights_are_found_in_every_form(lab, form):
    tensors, path = planted_weights(), lab / "form.pt"
    module = built_module("nets:Tiny", None, seed=0)
    if form == "own prefix":
        module = nn.Sequential()
        module.add_module("module", built_module("nets:Tiny", None, seed=0))
        tensors = {f"module.{name}": tensor for name, tensor in tensors.items()}
    if form == "wrapped":
        torch.save({"epoch": 3, "optimizer": {"state": {}, "param_groups": []}, "model": tensors}, path)
    elif form == "parallel":
        torch.save({f"module.{name}": tensor for name, tensor in tensors.items()}, path)
    elif form == "safetensors":
        path = path.with_suffix(".safetensors")
        save_file(tensors, path)
    else:
        torch.save(tensors, path)
    load_weights(module, "nets:Tiny", path)
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, tensors[name])


def test_two_state_dicts_that_fit_are_refused(lab):
    torch.save({"model": planted_weights(), "ema": planted_weights()}, "two.pt")
    with pytest.raises(CheckpointError, match="holds 2 state dicts that fit, 'model', 'ema'"):
        load_weights(built_module("nets:Tiny", None, seed=0), "nets:Tiny", lab / "two.pt")


def without(tensors, name):
    return {key: tensor for key, tensor in tensors.items() if key != name}


WRONG_WEIGHTS = {
    "missing": (without(planted_weights(), "out.bias"), "missing 'out.bias'; allowed: the module's own"),
    "unexpected": (planted_weights() | {"head.bias": torch.zeros(2)}, "unexpected 'head.bias'; allowed"),
    "shape": (planted_weights(copies=4), "'first.weight': got shape (18, 4), allowed: (26, 4)"),
    "not finite": (
        planted_weights() | {"out.bias": torch.full((5,), torch.nan)},
        "'out.bias': 5 of 5 values are not finite",
    ),
    "renamed": (
        without(planted_weights(), "out.bias") | {"bias": torch.zeros(5)},
        "missing 'out.bias'; unexpected 'bias'; allowed",
    ),
    "pickled": (nn.Linear(2, 2), "is not safe to load"),
}


def assert_one_line(capsys, lab, arguments, message):
    before = sorted(lab.iterdir())
    assert main([*arguments, "--plot", "picture.png"]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert [path for path in sorted(lab.iterdir()) if path.name != "__pycache__"] == before


@pytest.mark.parametrize("kind", WRONG_WEIGHTS)
def test_wrong_weights_are_one_line_and_exit_code_2(lab, capsys, kind):
    content, message = WRONG_WEIGHTS[kind]
    torch.save(content, "wrong.pt")
    assert_one_line(capsys, lab, [*PLANTED, "--weights", "wrong.pt"], message)


WRONG_DATA = {
    "names": ({"images": 1}, "got images, inputs, targets, allowed: inputs and targets, or inputs alone"),
    "no inputs": ({"inputs": None}, "got targets, allowed: inputs and targets"),
    "labels": ({"targets": None, "labels": np.zeros(80, int)}, "got inputs, labels, allowed"),
    "width": ({"inputs": np.zeros((80, 6))}, "RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
    "number": ({"targets": np.zeros(79, int)}, "targets: got shape (79,) of int64, allowed: (80,) integers"),
    "one": ({"inputs": np.zeros((1, 4)), "targets": [0]}, "inputs: got shape (1, 4), allowed: (n, ...), n 2"),
    "nan": ({"inputs": np.full((80, 4), np.nan)}, "inputs: 320 of 320 values are not finite"),
    "text": ({"inputs": np.full((80, 4), "a")}, "inputs: got type <U1, allowed: bytes, integers or floats"),
    "classes": ({"targets": np.full(80, 7)}, "targets: got classes from 7 to 7, allowed: 0 to 4"),
    "below 0": ({"targets": np.full(80, -1)}, "targets: got classes from -1, allowed: 0 or more"),
    "float classes": ({"targets": np.zeros(80)}, "targets: got shape (80,) of float64, allowed: (80,) "),
    "targets": ({"targets": np.eye(80)}, "targets: got shape (80, 80), allowed: (80, 5)"),
    "constant": ({"targets": np.ones((80, 5))}, "targets: got targets that do not vary"),
}


@pytest.mark.parametrize("kind", WRONG_DATA)
def test_wrong_data_are_one_line_and_exit_code_2(lab, capsys, kind):
    changes, message = WRONG_DATA[kind]
    arrays = {**np.load("test.npz"), **changes}
    np.savez("wrong.npz", **{name: array for name, array in arrays.items() if array is not None})
    assert_one_line(capsys, lab, [*PLANTED, "--data", "wrong.npz"], message)


MODULE = ["measure", "--module"]
WRONG_OPTIONS = [
    (["measure"], "CHECKPOINT or --module: got neither, allowed: one of them"),
    (["measure", "planted.pt", "--module", "nets:Tiny"], "CHECKPOINT or --module: got both"),
    (["measure", "planted.pt", "--data", "test.npz"], "data: got 'test.npz', allowed: with --module alone"),
    ([*MODULE, "nets:Tiny", "--only", "out"], "only: got ['out'], allowed: with a CHECKPOINT alone"),
    ([*MODULE, "nets:Tiny", "--num-examples", "9"], "num-examples: got 9, allowed: with --data alone"),
    ([*PLANTED, "--num-examples", "0"], "num_examples: got 0, allowed: 1 or more"),
    ([*PLANTED, "--num-random", "-1"], "num_random: got -1, allowed: 0 or more"),
    ([*PLANTED, "--device", "abacus"], "device: got 'abacus', which torch can't use"),
    ([*PLANTED, "--weights", "none.pt"], "weights 'none.pt': there is no such file"),
    ([*PLANTED, "--weights", "test.npz"], "weights 'test.npz': got suffix '.npz', allowed: .bin"),
    ([*PLANTED, "--data", "none.npz"], "data: got 'none.npz', which is no file in "),
    ([*PLANTED, "--data", "nets.py"], "nets.py: not a readable npz file"),
    ([*PLANTED, "--data", "planted.pt"], "allowed: inputs and targets, or inputs alone"),
    ([*PLANTED, "--num-clusters", "99"], "num_clusters: got 99, allowed: 2 to 58"),
    ([*MODULE, "nets"], "module: got 'nets', allowed: package.module:attribute"),
    ([*MODULE, "knots:Tiny"], "module 'knots:Tiny': there is no module 'knots' in "),
    ([*MODULE, "nets:Tyny"], "nets.py: unknown attribute 'Tyny'. Did you mean 'Tiny'?"),
    ([*MODULE, "nets:plain_number"], "module 'nets:plain_number' (nets.py): got a int, allowed: a "),
    ([*MODULE, "nets:linear"], "got a Linear, allowed: a class or a function that returns a torch module"),
    ([*MODULE, "nets:forgetful"], "got a NoneType, allowed: a torch module"),
    ([*MODULE, "nets:lazy"], "got '0.weight', '0.bias' of no size yet, allowed: layers of known sizes"),
    ([*MODULE, "nets:failing"], "module 'nets:failing': nets.py, line 32: RuntimeError: out of wool"),
    ([*MODULE, "nets:Tiny", "--module-args", "{"], "module-args: got '{', allowed: a JSON object"),
    ([*MODULE, "nets:Tiny", "--module-args", "[3]"], "module-args: got '[3]', allowed: a JSON object such"),
    ([*MODULE, "nets:Tiny", "--module-args", '{"width": 3}'], "unexpected keyword argument 'width'; it take"),
    ([*MODULE, "nets:Branching"], "module 'nets:Branching': nets.py, line 40: Branching cannot be traced"),
    ([*MODULE, "nets:Sorting"], "operation 'sort' (sort) makes of all units of layer"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG_OPTIONS)
def test_wrong_options_are_one_line_and_exit_code_2(lab, capsys, arguments, message):
    assert_one_line(capsys, lab, arguments, message)
