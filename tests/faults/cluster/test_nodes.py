"""Sweeps on two real Ray nodes, each on a machine of its own."""

import time

import pytest


@pytest.mark.slow
def test_trials_run_on_both_nodes_and_the_loss_of_one_costs_no_trial(workplace, smoke, machines):
    machines.start_node(head=True)
    far = machines.start_node(head=False)
    command = [*smoke, "seeds=[0, 1, 2, 3]", "training.epochs=250", "--address", machines.head]
    driver = workplace.start(*command)
    workplace.wait_for(lambda: workplace.num_records() and machines.far in workplace.hosts(), seconds=240)
    time.sleep(1)
    workplace.kill(far)
    assert driver.wait(240) == 0, workplace.output()
    workplace.assert_whole(8)
    workplace.assert_in_csv()
    assert workplace.hosts() == {machines.near, machines.far}


@pytest.mark.slow
def test_a_node_that_joins_in_mid_sweep_gets_trials(workplace, smoke, machines):
    machines.start_node(head=True)
    # Trials of half a minute: a waiting trial is given to the worker that is free first, and a worker on the
    # new node, which must start, loses to one whose trial ends before.
    command = [*smoke, "seeds=[0, 1, 2, 3]", "training.epochs=4000", "--address", machines.head]
    driver = workplace.start(*command)
    workplace.wait_for(lambda: workplace.num_records() >= 1, seconds=240)
    machines.start_node(head=False)
    assert driver.wait(400) == 0, workplace.output()
    workplace.assert_whole(8)
    assert workplace.hosts() == {machines.near, machines.far}


@pytest.mark.slow
def test_storage_that_one_node_does_not_see_is_refused_before_anything_starts(workplace, smoke, machines):
    machines.start_node(head=True)
    machines.start_node(head=False, before=f"mount -t tmpfs none {workplace.folder}/runs")
    result = workplace.run(*smoke, "--address", machines.head)
    assert result.returncode == 2
    assert f"runs: not seen by {machines.far} ({machines.far_ip})" in result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in (workplace.folder / "runs").iterdir()] == ["mlflow.db"]


@pytest.mark.slow
def test_a_driver_without_the_token_is_turned_away(workplace, smoke, machines):
    machines.start_node(head=True)
    workplace.environment["RAY_AUTH_TOKEN"] = "d" * 32
    result = workplace.run(*smoke, "--address", machines.head)
    assert result.returncode == 2
    assert "Ray cannot be reached there" in result.stderr.splitlines()[-1]
    assert not workplace.num_records()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere", "--address: got 'nowhere', allowed: auto or host:port"),
        ("ray://nowhere", "--address: got 'ray://nowhere', allowed: auto or host:port"),
        ("ray://127.0.0.1:9", "--address ray://127.0.0.1:9: nothing answers there"),
        ("127.0.0.1:9", "--address 127.0.0.1:9: nothing answers there"),
    ],
)
def test_an_address_without_a_cluster_is_one_line(workplace, smoke, address, message):
    result = workplace.run(*smoke, "--address", address)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
