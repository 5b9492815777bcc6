import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from clusterability.cli import main

QUICK = ["--num-clusters", "3", "--num-shuffles", "5"]


@pytest.fixture
def checkpoint(tmp_path):
    """Return a file of three planted modules in a chain of three layers, one unit of it without inputs."""
    block = np.kron(np.eye(3), np.ones((4, 4))) + 0.02
    dead = block.copy()
    dead[:, 0] = 0
    path = tmp_path / "planted.npz"
    np.savez(path, dead, block)
    return path


def test_json_holds_both_estimators_nulls_and_clusters_and_no_nan(checkpoint, capsys):
    assert main(["measure", str(checkpoint), *QUICK, "--json", "--k-sweep"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out, parse_constant=pytest.fail)
    assert found["layered_modularity"]["value"] == max(found["layered_modularity"]["curve"])
    assert set(found["ncut"]) == {"refined", "spectral"}
    assert found["lower_bound"] <= found["ncut"]["refined"]["ncut"] + 1e-6
    assert [(test["statistic"], test["null"]) for test in found["null_tests"]] == [
        ("ncut", "layer"), ("ncut", "dispersion"),
        ("layered_modularity", "layer"), ("layered_modularity", "dispersion"),
    ]  # fmt: skip
    assert found["null_tests"][0]["p"] == pytest.approx(1 / 6)
    assert [cluster["units_per_layer"] for cluster in found["clusters"]] == [[4, 4, 4]] * 3
    assert sum(cluster["volume_share"] for cluster in found["clusters"]) == pytest.approx(1)
    assert sum(cluster["one_sided_units"] for cluster in found["clusters"]) == 1
    assert [one["num_clusters"] for one in found["k_sweep"]["refined"]] == list(range(2, 17))


def test_a_null_and_an_estimator_of_ones_own_are_measured(checkpoint, tmp_path, capsys, monkeypatch):
    (tmp_path / "own_lab.py").write_text(
        "import numpy as np\n"
        "def swap(weights, rng):\n    return weights[rng.permutation(len(weights))]\n"
        "def thirds(adjacency, k, rng, eigenvectors):\n    return np.arange(adjacency.layout.num_nodes) % k\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    own = ["--nulls", "layer,own_lab:swap", "--estimator", "own_lab:thirds", "--json"]
    assert main(["measure", str(checkpoint), *QUICK, *own]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [test["null"] for test in found["null_tests"]] == ["layer", "own_lab:swap"] * 2
    assert set(found["ncut"]) == {"refined", "spectral", "own_lab:thirds"}
    assert found["labels"] == [node % 3 for node in range(36)]
    assert main(["measure", str(checkpoint), *QUICK, "--nulls", "own_lab:swop"]) == 2
    assert "Did you mean 'swap'" in capsys.readouterr().err


def test_normalised_weights_are_measured_with_what_was_assumed(checkpoint, tmp_path, capsys):
    with np.load(checkpoint) as arrays:
        first, second = arrays["arr_0"], arrays["arr_1"]
    factor = np.random.default_rng(0).uniform(0.1, 10, size=first.shape[1])
    np.savez(tmp_path / "rescaled.npz", first * factor, second / factor[:, None])
    normalised = [*QUICK, "--nulls", "", "--weighting", "normalised"]
    found = []
    for path in (checkpoint, tmp_path / "rescaled.npz"):
        assert main(["measure", str(path), *normalised, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["weighting"] == "normalised"
    assert found[1]["ncut"]["refined"]["ncut"] == pytest.approx(found[0]["ncut"]["refined"]["ncut"], abs=1e-5)
    assert found[1]["labels"] == found[0]["labels"]
    assert main(["measure", str(checkpoint), *normalised]) == 0
    assert "normalised as a network of ReLU units" in " ".join(capsys.readouterr().out.split())


def test_units_on_no_path_are_counted_and_left_out_on_request(checkpoint, capsys):
    quick = [*QUICK, "--nulls", "layer", "--statistics", "ncut"]
    found = []
    for more in ([], ["--leave-out-dangling"]):
        assert main(["measure", str(checkpoint), *quick, *more, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    everything, rest = found
    assert everything["num_dangling"] == rest["num_dangling"] == 1
    assert (everything["connected_units"], rest["connected_units"]) == ([12, 12, 12], [12, 11, 12])
    assert (everything["dangling_left_out"], rest["dangling_left_out"]) == (False, True)
    assert sum(cluster["one_sided_units"] for cluster in rest["clusters"]) == 0
    assert rest["num_isolated"] == 0
    for estimator in ("refined", "spectral"):
        assert everything["ncut"][estimator]["stability"] == 1
        assert everything["ncut"][estimator]["small_clusters"] == 0
    assert everything["layered_modularity"]["stability"] == 1
    assert everything["layered_modularity"]["small_clusters"] == 0
    assert main(["measure", str(checkpoint), *quick, "--leave-out-dangling"]) == 0
    assert "1 on no path from inputs to outputs (left out)" in " ".join(capsys.readouterr().out.split())


def test_a_device_tests_both_statistics(checkpoint, capsys):
    on_cpu = ["measure", str(checkpoint), *QUICK, "--nulls", "layer", "--device", "cpu", "--json"]
    assert main(on_cpu) == 0
    tests = json.loads(capsys.readouterr().out)["null_tests"]
    assert [test["statistic"] for test in tests] == ["ncut", "layered_modularity"]
    assert all(test["p"] == pytest.approx(1 / 6) for test in tests)


def test_one_shuffle_leaves_z_empty(checkpoint, capsys):
    arguments = ["--num-clusters", "3", "--num-shuffles", "1", "--nulls", "layer", "--json"]
    arguments += ["--statistics", "ncut"]
    assert main(["measure", str(checkpoint), *arguments]) == 0
    (test,) = json.loads(capsys.readouterr().out)["null_tests"]
    assert test["z"] is None
    assert "more shuffles" in test["status"]


def test_tables_and_picture(checkpoint, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    assert main(["measure", str(checkpoint), *QUICK, "--plot", str(picture)]) == 0
    out = capsys.readouterr().out
    for word in (
        "refined",
        "spectral",
        "dispersion",
        "layered_modularity",
        "4 4 4",
        "one-sided",
        "stability",
    ):
        assert word in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["picture.png", "planted.npz"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nulls", "layr"], "unknown null 'layr'. Did you mean 'layer'?"),
        (["--statistics", "ncutt"], "unknown statistic 'ncutt'. Did you mean 'ncut'?"),
        (["--estimator", "refind"], "unknown estimator 'refind'. Did you mean 'refined'?"),
        (["--num-clusters", "1"], "num_clusters: got 1, allowed: 2 to 36"),
        (["--num-shuffles", "0"], "num_shuffles: got 0, allowed: 1 or more"),
        (["--num-workers", "0"], "num_workers: got 0, allowed: 1 or more"),
        (["--seed", "-1"], "seed: got -1, allowed: 0 or more"),
        (["--plot", "picture.bmp"], "got suffix '.bmp', allowed: .pdf, .png, .svg"),
        (["--plot", "no/such/picture.png"], "a folder that exists"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(checkpoint, capsys, arguments, message):
    assert main(["measure", str(checkpoint), *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def write_bad_file(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.npz"
    if kind == "truncated":
        np.savez(path, np.ones((20, 20)))
        path.write_bytes(path.read_bytes()[:500])
    elif kind == "empty":
        path.touch()
    elif kind == "nan":
        np.savez(path, np.full((4, 4), np.nan))
    elif kind == "shape":
        np.savez(path, np.ones((4, 5)), np.ones((4, 5)))
    elif kind == "pickle":
        path = path.with_suffix(".pt")
        path.write_bytes(pickle.dumps(Touch(folder / "executed")))
    return path


@pytest.mark.parametrize("kind", ["missing", "truncated", "empty", "nan", "shape", "pickle"])
def test_bad_files_are_one_line_and_exit_code_2_and_run_nothing(tmp_path, capsys, kind):
    path = write_bad_file(kind, tmp_path)
    assert main(["measure", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: checkpoint '{path}'")
    assert err.count("\n") == 1
    assert not (tmp_path / "executed").exists()
