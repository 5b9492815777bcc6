"""Disks that are full, and folders that cannot be written."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest


def mounted(folder: Path, options: str) -> bool:
    """Put a small file system of its own on `folder`; only root may."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(workplace, migrated_database):
    """Make `runs` a file system of 160 MB, and yield it."""
    runs = workplace.folder / "runs"
    if not mounted(runs, "size=160m"):
        pytest.skip("a file system of its own needs root")
    (runs / "mlflow.db").write_bytes(migrated_database)
    yield runs
    workplace.end()
    subprocess.run(["umount", "-l", str(runs)], check=True)


def fill(disk: Path, leave: int) -> Path:
    ballast = disk / "ballast"
    # The sweep writes at the same time, so that there may be less room than a moment ago.
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while (room := shutil.disk_usage(disk).free - leave) > 0:
            file.write(b"0" * room)
    return ballast


def last_line(workplace) -> str:
    return (workplace.folder / "err").read_text().splitlines()[-1]


def test_a_disk_without_room_for_the_sweep_is_refused_before_it_starts(workplace, smoke, small_disk):
    fill(small_disk, leave=50_000_000)
    result = workplace.run(*smoke)
    assert result.returncode == 2
    assert "GB free, allowed: 0.10 GB or more for 2 trials" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not workplace.num_records()


@pytest.mark.slow
@pytest.mark.parametrize("leave", [10_000_000, 0], ids=["nearly full", "full"])
def test_a_disk_that_runs_full_stops_the_sweep_in_one_line_and_keeps_what_is_there(
    workplace, smoke, small_disk, leave
):
    command = [*smoke, "seeds=[0, 1]", "training.epochs=200", "resources.max_concurrent=1"]
    driver = workplace.start(*command)
    workplace.wait_for(lambda: workplace.num_records() >= 1)
    ballast = fill(small_disk, leave)
    assert driver.wait(120) == 2, workplace.output()
    errors = (workplace.folder / "err").read_text()
    assert errors.count("error: ") == 1
    assert last_line(workplace).startswith("error: ")
    assert "trials are kept; the same command continues" in last_line(workplace)
    kept = workplace.num_records()
    assert 1 <= kept < 4
    if leave:  # room enough to say so in the tracking store, which is on the same disk
        workplace.assert_whole(kept, state="KILLED")
    ballast.unlink()
    synced = workplace.run("sync", workplace.sweep().name)
    assert synced.returncode == 0, synced.stderr
    workplace.assert_whole(kept, state="KILLED")
    again = workplace.run(*command)
    assert again.returncode == 0, again.stderr
    workplace.assert_whole(4)
    workplace.assert_in_csv()


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_running_where_tracking_is_elsewhere(
    workplace, smoke, small_disk, migrated_database, tmp_path
):
    (tmp_path / "mlflow.db").write_bytes(migrated_database)
    workplace.environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{tmp_path}/mlflow.db"
    driver = workplace.start(*smoke, "training.epochs=200", "resources.max_concurrent=1")
    workplace.wait_for(lambda: workplace.num_records() >= 1)
    fill(small_disk, leave=0)
    assert driver.wait(120) == 2, workplace.output()
    statuses = [run.info.status for kind in ("trial", "sweep") for run in workplace.mlflow_runs(kind)]
    assert "RUNNING" not in statuses


def test_a_runs_folder_that_is_a_file_is_one_line(workplace, smoke):
    shutil.rmtree(workplace.folder / "runs")
    (workplace.folder / "runs").write_text("not a folder")
    result = workplace.run(*smoke)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "runs" in result.stderr


def test_a_runs_folder_that_may_not_be_written_is_one_line(workplace, smoke, tmp_path, migrated_database):
    (tmp_path / "mlflow.db").write_bytes(migrated_database)
    workplace.environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{tmp_path}/mlflow.db"
    runs = workplace.folder / "runs"
    read_only = mounted(runs, "ro,size=1m")  # root may write anywhere else
    if not read_only and os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    runs.chmod(0o555) if not read_only else None
    try:
        result = workplace.run(*smoke)
    finally:
        subprocess.run(["umount", "-l", str(runs)], check=True) if read_only else runs.chmod(0o755)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "cannot be written: " in result.stderr
