"""The files of platform/deploy/ and `make cluster-up`, as far as they run without a cloud, ssh and Slurm."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

REPOSITORY = Path(__file__).parents[3]
DEPLOY = REPOSITORY / "platform" / "deploy"
SMOKE = "smoke training.epochs=1 nulls.num_shuffles=2 seeds=[0]"

# What the Slurm script calls: the two machines of the tests stand in for Slurm's. A step on the far one has a
# scratch folder of its own, as it would have there.
SCONTROL = """#!/bin/sh
echo {near}
echo {far}
"""
SRUN = """#!/bin/sh
machine={near}
while true; do
    case $1 in
        -w) shift ;;
        --exclude=*) machine={far} ;;
        -*) ;;
        *) break ;;
    esac
    shift
done
[ $machine = {near} ] && exec "$@"
exec {on_far} "$@"
"""


@pytest.mark.parametrize("name", ["ray-on-premise.yaml", "ray-aws.yaml"])
def test_ray_accepts_the_cluster_file(name):
    validate_config(prepare_config(yaml.safe_load((DEPLOY / name).read_text())))


def run_apart(machines, script: str, before: str = "true", **settings: str) -> subprocess.CompletedProcess:
    """Run a script on the near machine, with processes of its own: none of them outlives it."""
    apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "MLFLOW_"))}
    return subprocess.run(
        machines.within(machines.near, apart, before),
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=400,
    )


@pytest.mark.slow
def test_cluster_up_serves_a_sweep_until_cluster_down(workplace, machines, tmp_path):
    # Nothing to set up, and nothing of the `make` that may have started these tests.
    make = f"env -u MAKEFLAGS make -s -C {REPOSITORY} VENV={sys.prefix} -o {sys.prefix}/.stamp-run ARGS="
    script = f"""
        set -e
        {make} cluster-up
        cd {workplace.folder} && {sys.executable} -m clusterability sweep {SMOKE} --address auto
        {make} cluster-down
        ! pgrep raylet
    """
    result = run_apart(machines, script, HOME=str(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr
    assert len((tmp_path / ".ray" / "auth_token").read_text().strip()) >= 32
    workplace.assert_whole(2)


@pytest.mark.slow
def test_the_slurm_script_ends_in_time_and_continues(workplace, machines, tmp_path):
    (workplace.folder / ".venv").symlink_to(sys.prefix)
    job = str(os.getpid())
    tools = slurm_tools(machines, tmp_path, job)
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{machines.head_ip} {machines.near}\n")
    settings = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SLURM_SUBMIT_DIR": str(workplace.folder),
        "SLURM_JOB_ID": job,
        "SLURM_JOB_NODELIST": "two",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "1",
    }
    command = f"bash {DEPLOY}/slurm.sh {SMOKE} training.epochs=250 seeds=[0,1,2,3]"
    interrupted = f"""
        {command} &
        until ls {workplace.folder}/runs/*/trials/*/record.json; do sleep 0.2; done 2> /dev/null
        kill -TERM $!
        wait $!
    """
    first = run_apart(machines, interrupted, f"mount --bind {hosts} /etc/hosts", **settings)
    assert first.returncode == 130, first.stdout + first.stderr
    workplace.assert_whole(workplace.num_records(), "KILLED")
    second = run_apart(machines, command, f"mount --bind {hosts} /etc/hosts", **settings)
    assert second.returncode == 0, second.stdout + second.stderr
    workplace.assert_whole(8)
    assert workplace.hosts() == {machines.near, machines.far}


def slurm_tools(machines, folder: Path, job: str) -> Path:
    scratch = f"/tmp/ray-{job}"  # the script's own
    on_far = machines.within(machines.far, [], f"mkdir -p {scratch} && mount -t tmpfs none {scratch}")
    tools = folder / "slurm"
    tools.mkdir()
    for name, content in {"scontrol": SCONTROL, "srun": SRUN}.items():
        text = content.format(near=machines.near, far=machines.far, on_far=shlex.join(on_far))
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return tools
