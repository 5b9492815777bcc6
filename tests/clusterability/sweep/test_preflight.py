from pathlib import Path

import pytest

from clusterability.errors import ConfigError, ResourceError, StorageError
from clusterability.spaces import load_space
from clusterability.sweep.preflight import Machine, check_space_left, plan_resources
from clusterability.sweep.rehearsal import check_networks

SHIPPED = Path(__file__).parents[3] / "search_spaces"


def smoke(*overrides: str):
    return load_space("smoke", list(overrides), folder=SHIPPED)


@pytest.mark.parametrize(
    ("overrides", "machine", "expected"),
    [
        ([], Machine(cpus=2, gpus=0), (1, 0.0, 2)),
        ([], Machine(cpus=8, gpus=1), (1, 0.25, 4)),
        (["resources.cpus_per_trial=4"], Machine(cpus=8, gpus=0), (4, 0.0, 2)),
        (["resources.max_concurrent=1"], Machine(cpus=8, gpus=0), (1, 0.0, 1)),
        (["resources.gpus_per_trial=0.1"], Machine(cpus=64, gpus=2), (1, 0.1, 20)),
        (["resources.gpus_per_trial=0"], Machine(cpus=3, gpus=1), (1, 0.0, 3)),
    ],
)
def test_trials_fill_the_machine(overrides, machine, expected):
    planned = plan_resources(smoke(*overrides), machine)
    assert (planned.cpus, planned.gpus, planned.concurrent) == expected


@pytest.mark.parametrize("override", ["resources.cpus_per_trial=9", "resources.gpus_per_trial=2"])
def test_what_does_not_fit_is_refused_with_what_there_is(override):
    with pytest.raises(
        ResourceError, match=r"got [92], allowed: up to (8|1), the (CPU cores|GPUs) there are"
    ):
        plan_resources(smoke(override), Machine(cpus=8, gpus=1))


def test_more_clusters_than_units_are_refused_for_the_smallest_network_of_the_space():
    with pytest.raises(ConfigError, match=r"got 80, allowed: up to 77, the units .* \[3\] on digits"):
        check_networks(smoke("ncut.num_clusters=80", "axes.model.widths=[[24, 24], [3]]"))


def test_trials_fill_several_machines_and_each_fits_one():
    small, large = Machine(cpus=2, gpus=0), Machine(cpus=8, gpus=1)
    planned = plan_resources(smoke("resources.cpus_per_trial=4", "resources.gpus_per_trial=0"), small, large)
    assert (planned.concurrent, planned.limit) == (2, None)
    with pytest.raises(ResourceError, match=r"got 9, allowed: up to 8, the CPU cores of the largest"):
        plan_resources(smoke("resources.cpus_per_trial=9"), small, large)


def test_a_network_that_does_not_fit_the_memory_is_refused_before_it_is_built():
    with pytest.raises(ResourceError, match=r"model.widths: got \[200000, 200000\], allowed: networks that"):
        check_networks(smoke("model.widths=[200000, 200000]"))


def test_a_sweep_that_would_fill_the_disk_is_refused(tmp_path):
    check_space_left(smoke(), 4, 1000, tmp_path / "runs")
    with pytest.raises(StorageError, match=r"GB free, allowed: 4000000\.10 GB or more for 4 trials"):
        check_space_left(smoke(), 4, 10**15 // 2, tmp_path / "runs")
