"""`--address ray://...`: the command is given on a machine that is no node of the cluster."""

import signal

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def outside(workplace, machines, monkeypatch) -> list[str]:
    """Return the address of a cluster of one machine, for a command that now runs on the other one."""
    monkeypatch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "5")  # seconds that a lost command is waited for
    machines.start_node(head=True)
    workplace.prefix = machines.within(machines.far, [])
    return ["--address", f"ray://{machines.head_ip}:10001"]


def test_the_sweep_runs_on_the_cluster_and_is_told_here(workplace, smoke, machines, outside):
    result = workplace.run(*smoke, *outside)
    assert result.returncode == 0, result.stderr
    assert "[2/2]" in result.stdout
    assert "2 trials complete, 0 failed" in result.stdout
    workplace.assert_whole(2)
    workplace.assert_in_csv()
    assert workplace.hosts() == {machines.near}


def test_what_the_cluster_refuses_is_one_line_here(workplace, smoke, outside):
    result = workplace.run(*smoke, "resources.cpus_per_trial=64", *outside)
    assert result.returncode == 2
    assert "error: resources.cpus_per_trial: got 64" in result.stderr.splitlines()[-1]
    assert not workplace.num_records()


def test_a_folder_that_the_head_does_not_see_is_refused(workplace, smoke, machines, outside):
    workplace.prefix = machines.within(
        machines.far, [], before=f"mount -t tmpfs none {workplace.folder}/runs"
    )
    result = workplace.run(*smoke, *outside)
    assert result.returncode == 2
    assert f"{workplace.folder}: not seen by the head" in result.stderr.splitlines()[-1]
    assert not workplace.num_records()


@pytest.mark.parametrize(("blow", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_the_end_of_the_command_is_the_end_of_the_sweep_and_it_resumes(workplace, smoke, outside, blow, code):
    command = [*smoke, "training.epochs=1000", "seeds=[0, 1]", *outside]
    driver = workplace.start(*command)
    workplace.wait_for(workplace.num_records)
    driver.send_signal(blow)
    assert driver.wait(60) == code
    workplace.wait_for(lambda: "RUNNING" not in workplace.mlflow_states())
    workplace.assert_whole(workplace.num_records(), "KILLED")
    result = workplace.run(*command)
    assert result.returncode == 0, result.stderr
    workplace.assert_whole(4)


def test_the_loss_of_the_cluster_is_one_line(workplace, smoke, machines, outside):
    command = [*smoke, "training.epochs=1000", "seeds=[0, 1]", *outside]
    driver = workplace.start(*command)
    workplace.wait_for(workplace.num_records)
    workplace.kill(machines.nodes[0])
    assert driver.wait(120) == 2
    last = workplace.output().splitlines()[-1]
    assert "the cluster was lost" in last
    assert "the same command continues" in last
