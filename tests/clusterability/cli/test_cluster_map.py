"""The picture of a module's clusters: what is drawn, and whether all of it fits."""

import math
import struct

import numpy as np
import pytest
import torch
from torch import nn

from clusterability.cli import main
from clusterability.cli.cluster_map import ClusterMap, MapRow, dot_grid, dots

CODE = """
from torch import nn
def net():
    return nn.Sequential(
        nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 3)
    )
"""


def built() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 3))


def many(widths, num_clusters) -> ClusterMap:
    """Return a map of layers of so many units dealt out evenly."""
    rows = [
        MapRow(
            kind="cluster",
            name=f"cluster {cluster}",
            text="",
            strengths=tuple(np.ones(len(range(cluster, width, num_clusters))) for width in widths),
        )
        for cluster in range(num_clusters)
    ]
    layers = tuple((f"layer {index}", width) for index, width in enumerate(widths))
    return ClusterMap(layers=layers, rows=tuple(rows), heading=("", ""), size_means="")


@pytest.mark.parametrize(
    ("widths", "num_clusters", "shared"),
    [((784, 256, 256, 256, 256, 10), 5, False), ((4096,) * 4, 12, True), ((50_000, 10), 2, True)],
)
def test_every_unit_has_a_dot_or_shares_one_and_all_of_it_fits(widths, num_clusters, shared):
    shown = many(widths, num_clusters)
    grid = dot_grid(shown, column=1.0, most_height=7.0, least_row=0.34)
    assert (grid.units_per_dot > 1) == shared
    assert sum(grid.heights) <= 7.0
    assert grid.dots_across * grid.pitch <= 1.0
    assert grid.pitch >= 0.045
    for row, height in zip(shown.rows, grid.heights, strict=True):
        for strengths in row.strengths:
            drawn = len(dots(strengths, grid.units_per_dot))
            assert drawn == math.ceil(len(strengths) / grid.units_per_dot)
            assert math.ceil(drawn / grid.dots_across) * grid.pitch <= height + 1e-9


def test_a_map_of_more_clusters_than_fit_is_as_high_as_their_labels():
    grid = dot_grid(many((60, 60), 60), column=1.0, most_height=7.0, least_row=0.34)
    assert grid.units_per_dot == 1
    assert grid.heights == (0.34,) * 60


def test_a_shared_dot_is_as_large_as_the_mean_of_its_units():
    np.testing.assert_allclose(dots(np.array([5.0, 4, 3, 2, 1]), 2), [4.5, 2.5, 1])
    assert dots(np.array([]), 3).shape == (0,)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Return a function that draws a network with a dead unit and returns the map's rows and the picture."""
    (tmp_path / "drawn_nets.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    module = built()
    inputs = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    with torch.no_grad():
        module[0].bias[7] = -100
        module[4].weight *= 20
        targets = module(torch.tensor(inputs)).argmax(dim=1).numpy()
    torch.save(module.state_dict(), "net.pt")
    np.savez("inputs.npz", inputs=inputs)
    np.savez("test.npz", inputs=inputs, targets=targets)
    found = {}

    def draw(*arguments):
        from clusterability.cli import cluster_map_plot

        original = cluster_map_plot.cluster_map
        monkeypatch.setattr(
            cluster_map_plot, "cluster_map", lambda measured: found.setdefault("map", original(measured))
        )
        command = ["measure", "--module", "drawn_nets:net", "--nulls", "", "--num-clusters", "3"]
        assert main([*command, *arguments]) == 0
        return found["map"], tmp_path

    return draw


def test_units_of_a_cluster_are_as_large_as_its_effect_and_dead_ones_are_left_out(drawn, capsys):
    module = built()
    shown, folder = drawn("--weights", "net.pt", "--data", "test.npz", "--plot", "net.png")
    module.load_state_dict(torch.load(folder / "net.pt", weights_only=True))
    inputs = torch.tensor(np.load(folder / "test.npz")["inputs"])
    clusters = [row for row in shown.rows if row.kind == "cluster"]
    assert sum(len(strengths) for row in shown.rows for strengths in row.strengths) == 33
    (left_out,) = [row for row in shown.rows if row.kind == "left out"]
    with torch.no_grad():
        first, second = (module[:depth](inputs) for depth in (2, 4))
    dead = [int((units.std(dim=0) == 0).sum()) for units in (first, second)]
    assert dead[0] >= 1
    assert list(map(len, left_out.strengths)) == [0, *dead, 0]
    sizes = [{float(size) for strengths in row.strengths for size in strengths} for row in clusters]
    assert all(len(size) == 1 for size in sizes)
    largest = [max(size) for size in sizes]
    assert largest == sorted(largest, reverse=True)
    assert largest[0] == pytest.approx(1)
    picture = (folder / "net.png").read_bytes()
    assert struct.unpack(">I", picture[16:20]) == (1200,)
    assert len(picture) < 150_000


@pytest.mark.parametrize("data", [[], ["--data", "inputs.npz"]])
def test_without_lesions_each_unit_is_as_large_as_its_weights(drawn, capsys, data):
    shown, folder = drawn("--weights", "net.pt", *data, "--plot", "net.svg")
    assert ("contributions" in shown.size_means) == bool(data)
    for layer in range(4):
        sizes = np.concatenate([row.strengths[layer] for row in shown.rows if row.kind == "cluster"])
        assert sizes.max() == pytest.approx(1)
        assert len(np.unique(sizes)) > 1
    assert (folder / "net.svg").read_text().count("<svg") == 1
