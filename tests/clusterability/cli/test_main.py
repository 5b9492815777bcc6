import os
import subprocess
import sys

import pytest

from clusterability.cli import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "mlp_rge"], "unknown space 'mlp_rge'. Did you mean 'mlp_reg'?"),
        (["sweep", "smoke", "training.epoch=3"], "Did you mean 'training.epochs'?"),
        (["sweep", "smoke", "training.epochs=0"], "training.epochs: got 0, allowed: 1 or more"),
        (
            ["sweep", "smoke", "resources.cpus_per_trial=4096"],
            "resources.cpus_per_trial: got 4096, allowed: up to",
        ),
        (["sweep", "smoke", "ncut.num_clusters=500"], "ncut.num_clusters: got 500, allowed: up to"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_creates_nothing(workplace, capsys, arguments, message):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in workplace.iterdir()] == ["search_spaces"]


def test_an_empty_space_file_is_refused(workplace, capsys):
    (workplace / "search_spaces").unlink()
    (workplace / "search_spaces").mkdir()
    (workplace / "search_spaces" / "empty.yaml").write_text("")
    assert main(["sweep", "empty"]) == 2
    assert "empty.yaml: the file is empty" in capsys.readouterr().err


def test_a_data_folder_with_a_corrupt_file_is_refused_before_anything_starts(workplace, capsys, monkeypatch):
    folder = workplace / "data" / "mnist"
    folder.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte.gz").write_bytes(b"not what it says")
    monkeypatch.setenv("CLUSTERABILITY_DATA", str(workplace / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(workplace / "cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert main(["sweep", "smoke", "dataset=mnist"]) == 2
    error = capsys.readouterr().err
    assert "train-images-idx3-ubyte" in error
    assert error.count("\n") == 1
    assert not (workplace / "runs").exists()


def test_spaces_are_listed_with_what_they_answer(workplace, capsys):
    assert main(["spaces"]) == 0
    assert "Which regularisers" in " ".join(capsys.readouterr().out.split())


def test_help_does_not_wait_for_torch_or_ray():
    code = "import sys; from clusterability.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'ray', 'mlflow', 'numba'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=dict(os.environ))
