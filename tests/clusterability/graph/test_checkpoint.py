import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from clusterability import WeightGraph
from clusterability.errors import CheckpointError, first_line


def assert_same(graph, expected):
    assert len(graph.blocks) == len(expected.blocks)
    for block, other in zip(graph.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(np.abs(block.matrix), np.abs(other.matrix), rtol=1e-6)


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
    torch.save([torch.ones(3)], tmp_path / "list.pt")
    refused("list.pt", "holds a list")
    np.savez(tmp_path / "cube.npz", np.ones((2, 3, 4)))
    refused("cube.npz", r"matrix 0: got shape \(2, 3, 4\)")
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    refused("text.npz", "damaged|matrix 0|not of floats|a matrix of floats")


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


def test_an_archive_that_says_it_is_on_several_disks_is_damaged(tmp_path, whole_files):
    content = bytearray(whole_files[".pt"])
    locator = content.index(b"PK\x06\x07")  # zip64: signature, disk, offset of 8 bytes, number of disks
    content[locator + 16] = 2
    path = tmp_path / "damaged.pt"
    path.write_bytes(content)
    assert outcome(path).isprintable()


def outcome(path):
    """The number of nodes, or the text of the refusal."""
    try:
        return str(WeightGraph.from_checkpoint(path).num_nodes)
    except CheckpointError as error:
        return str(error)
