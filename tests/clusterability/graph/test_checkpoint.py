import os
import pickle
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from clusterability import WeightGraph
from clusterability.errors import CheckpointError, first_line


def perceptron(num_layers=12):
    torch.manual_seed(0)
    widths = range(20, 20 - num_layers - 1, -1)
    layers = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers)


def assert_same(graph, expected):
    assert len(graph.blocks) == len(expected.blocks)
    for block, other in zip(graph.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(np.abs(block.matrix), np.abs(other.matrix), rtol=1e-6)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
def test_state_dicts_give_the_graph_of_their_module_with_layers_in_natural_order(tmp_path, suffix):
    module, path = perceptron(), tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(module.state_dict(), path)
    assert_same(WeightGraph.from_checkpoint(path), WeightGraph.from_module(module))


def test_a_state_dict_inside_a_training_checkpoint_is_found(tmp_path):
    module = perceptron(3)
    torch.save({"epoch": 3, "state_dict": module.state_dict()}, tmp_path / "last.ckpt")
    assert_same(WeightGraph.from_checkpoint(tmp_path / "last.ckpt"), WeightGraph.from_module(module))


def test_convolutions_with_batch_norm_and_a_head_are_read(tmp_path):
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(4 * 9, 5),
    )  # fmt: skip
    with torch.no_grad():
        module[1].running_var.copy_(torch.tensor([0.5, 1, 2, 4]))
    torch.save(module.state_dict(), tmp_path / "cnn.pt")
    for kept in ("paper", "all"):
        expected = WeightGraph.from_module(module, kept_layers=kept)
        assert_same(WeightGraph.from_checkpoint(tmp_path / "cnn.pt", kept_layers=kept), expected)


def test_npz_holds_matrices_in_order(tmp_path):
    rng = np.random.default_rng(0)
    matrices = [rng.normal(size=shape) for shape in ((4, 3), (3, 2))]
    np.savez(tmp_path / "weights.npz", *matrices)
    assert_same(WeightGraph.from_checkpoint(tmp_path / "weights.npz"), WeightGraph.from_matrices(matrices))


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def write_raw_pickle(path, marker):
    path.write_bytes(pickle.dumps({"0.weight": Payload(marker)}))


def write_torch_pickle(path, marker):
    torch.save({"0.weight": torch.ones(2, 2), "payload": Payload(marker)}, path)


def write_npz_pickle(path, marker):
    np.savez(path, np.array([Payload(marker)], dtype=object))


@pytest.mark.parametrize(
    ("name", "write"),
    [("raw.pt", write_raw_pickle), ("zipped.pt", write_torch_pickle), ("object.npz", write_npz_pickle)],
)
def test_pickled_code_is_refused_and_not_executed(tmp_path, name, write):
    marker = tmp_path / "executed"
    write(tmp_path / name, marker)
    with pytest.raises(CheckpointError, match="not safe to load") as refusal:
        WeightGraph.from_checkpoint(tmp_path / name)
    assert "\n" not in str(refusal.value)
    assert not marker.exists()


def test_files_that_hold_no_network_are_refused_with_the_reason(tmp_path):
    def refused(name, message):
        with pytest.raises(CheckpointError, match=message) as refusal:
            WeightGraph.from_checkpoint(tmp_path / name)
        assert "\n" not in str(refusal.value)
        assert name in str(refusal.value)

    refused("missing.pt", "no such file")
    (tmp_path / "weights.h5").write_bytes(b"")
    refused("weights.h5", r"allowed: .*\.npz")
    torch.save({"0.weight": torch.full((2, 3), torch.nan)}, tmp_path / "nan.pt")
    refused("nan.pt", "6 values are not finite")
    torch.save({"0.weight": torch.ones(4, 3), "1.weight": torch.ones(2, 7)}, tmp_path / "shapes.pt")
    refused("shapes.pt", r"'1.weight' reads 7 channels, but the layer before it has 4")
    torch.save({"0.weight": torch.ones(2, 3, 4)}, tmp_path / "odd.pt")
    refused("odd.pt", r"'0.weight': got shape \(2, 3, 4\)")
    torch.save({"0.bias": torch.ones(3)}, tmp_path / "bias.pt")
    refused("bias.pt", "no weight")
    torch.save([torch.ones(3)], tmp_path / "list.pt")
    refused("list.pt", "holds a list")
    np.savez(tmp_path / "cube.npz", np.ones((2, 3, 4)))
    refused("cube.npz", r"matrix 0: got shape \(2, 3, 4\)")
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    refused("text.npz", "damaged|matrix 0")


def test_colour_codes_in_a_librarys_error_are_left_out():
    assert first_line(ValueError("\x1b[1mnot\x1b[0m safe\r\nsecond line")) == "not safe"
    assert first_line(ValueError()) == "ValueError"


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    save_file(module.state_dict(), folder / "whole.safetensors")
    torch.save(module.state_dict(), folder / "whole.pt")
    np.savez(folder / "whole.npz", np.ones((4, 3)), np.ones((3, 2)))
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(suffix=st.sampled_from([".safetensors", ".pt", ".npz"]), data=st.data())
def test_damaged_files_give_a_graph_or_one_clear_line(tmp_path, whole_files, suffix, data):
    content = bytearray(whole_files[suffix])
    if data.draw(st.booleans(), "truncated"):
        del content[data.draw(st.integers(0, len(content) - 1), "length") :]
    for _ in range(data.draw(st.integers(0, 4), "flips")):
        if content:
            content[data.draw(st.integers(0, len(content) - 1), "place")] = data.draw(
                st.integers(0, 255), "byte"
            )
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    assert outcome(path).isprintable()


def outcome(path):
    """The number of nodes, or the text of the refusal."""
    try:
        return str(WeightGraph.from_checkpoint(path).num_nodes)
    except CheckpointError as error:
        return str(error)
