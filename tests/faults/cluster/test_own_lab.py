"""The example of a lab's own components on two real Ray nodes."""

import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SHORT = ["training.epochs=400", "nulls.num_shuffles=3", "seeds=[0, 1]"]


@pytest.fixture
def lab(workplace):
    """Return the workplace with the example in it."""
    ignored = shutil.ignore_patterns("runs", "__pycache__")
    shutil.copytree(REPOSITORY / "examples" / "own_lab", workplace.folder, ignore=ignored, dirs_exist_ok=True)
    return workplace


def assert_ran_on_both(lab, machines, result) -> None:
    assert result.returncode == 0, result.stderr
    lab.assert_whole(8)
    lab.assert_in_csv()
    assert lab.hosts() == {machines.near, machines.far}
    for record in lab.records():
        assert 0 <= record.metrics["sparsity"] <= 1
        assert record.config.model.architecture == "my_lab.nets:Tiny"


@pytest.mark.slow
def test_own_components_run_on_both_nodes_from_the_shared_folder(lab, machines):
    machines.start_node(head=True)
    machines.start_node(head=False)
    result = lab.run("sweep", "spikes.yaml", *SHORT, "--address", machines.head, timeout=500)
    assert_ran_on_both(lab, machines, result)


@pytest.mark.slow
def test_a_node_that_sees_only_the_runs_takes_the_copies(lab, machines, tmp_path):
    machines.start_node(head=True)
    # The far machine has an empty folder where the driver's is, but for the shared runs/.
    work, kept = lab.folder, tmp_path / "kept"
    kept.mkdir()
    hide = f"mount --bind {work}/runs {kept} && mount -t tmpfs none {work} && mkdir {work}/runs"
    machines.start_node(head=False, before=f"{hide} && mount --bind {kept} {work}/runs")
    result = lab.run("sweep", "spikes.yaml", *SHORT, "--address", machines.head, timeout=500)
    assert_ran_on_both(lab, machines, result)
