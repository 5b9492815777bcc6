"""Real sweeps in a folder of their own, and what must hold after every fault."""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from clusterability.ledger import Ledger
from clusterability.tracking import connect

REPOSITORY = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "clusterability"]
SMOKE = ["sweep", "smoke", "training.epochs=2", "nulls.num_shuffles=2", "seeds=[0]"]


def heed_ctrl_c() -> None:
    """Undo what a shell does to what it starts in the background: these tests, perhaps."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(kw_only=True)
class Workplace:
    """A folder in which `clusterability` is run as a user runs it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    """What runs the command, such as `ip netns exec NAME`."""
    started: list[subprocess.Popen] = field(default_factory=list)

    def _settings(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
        return {**kept, **self.environment}

    def run(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*self.prefix, *CLI, *arguments],
            cwd=self.folder,
            env=self._settings(),
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start in the background, in a session of its own; output goes to files `out` and `err`."""
        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            process = subprocess.Popen(
                [*self.prefix, *CLI, *arguments],
                cwd=self.folder,
                env=self._settings(),
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=heed_ctrl_c,
            )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Kill what was started and is still there, with all its children."""
        for process in self.started:
            self.kill(process)

    def kill(self, process: subprocess.Popen) -> None:
        """End a process with all its children, as a power cut does."""
        if process.poll() is None:
            for member in [*psutil.Process(process.pid).children(recursive=True), process]:
                try:
                    member.send_signal(signal.SIGKILL)
                except psutil.NoSuchProcess:
                    continue
        process.wait()

    def output(self) -> str:
        return (self.folder / "out").read_text() + (self.folder / "err").read_text()

    def sweep(self) -> Path:
        """Return the folder of the one sweep."""
        (path,) = (path.parent for path in self.folder.glob("runs/*/space.json"))
        return path

    def records(self) -> list:
        return list(Ledger(folder=self.sweep()).records())

    def hosts(self) -> set[str]:
        """Return the machines that trials were completed on."""
        return {record.provenance["host"] for record in self.records() if record.state == "complete"}

    def num_records(self) -> int:
        return len(list(self.folder.glob("runs/*/trials/[!.]*/record.json")))

    def wait_for(self, condition, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"never came: {self.output()}"
            time.sleep(0.05)

    def mlflow_runs(self, kind: str) -> list:
        uri = self.environment.get("MLFLOW_TRACKING_URI", f"sqlite:///{self.folder}/runs/mlflow.db")
        client = MlflowClient(uri)
        experiments = [item.experiment_id for item in client.search_experiments()]
        return list(client.search_runs(experiments, f"tags.kind = '{kind}'"))

    def mlflow_states(self) -> set[str]:
        return {run.info.status for kind in ("sweep", "trial") for run in self.mlflow_runs(kind)}

    def assert_whole(self, num_trials: int, state: str = "FINISHED") -> None:
        """Every trial exactly once in the ledger and in MLflow, nothing RUNNING, no scraps."""
        ids = sorted(record.config.trial_id for record in self.records())
        assert len(ids) == num_trials
        trials = self.mlflow_runs("trial")
        ended = [run for run in trials if run.info.status != "KILLED"]
        assert sorted(run.data.tags["trial_id"] for run in ended) == ids
        assert len({run.data.tags["trial_id"] for run in trials}) == len(trials)
        assert [run.info.status for run in self.mlflow_runs("sweep")] == [state]
        assert not [run for run in trials if run.info.status in ("RUNNING", "SCHEDULED")]
        assert not (self.sweep() / ".tune").exists()
        assert not list(self.sweep().glob("trials/.*"))

    def assert_in_csv(self) -> None:
        """The report's table has every trial of the ledger exactly once."""
        with (self.sweep() / "report" / "trials.csv").open() as file:
            rows = sorted(row["trial_id"] for row in csv.DictReader(file))
        assert rows == sorted(record.config.trial_id for record in self.records())


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory) -> bytes:
    """Return an empty tracking database: to create one takes MLflow seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
def workplace(tmp_path, migrated_database):
    folder = tmp_path / "work"
    (folder / "runs").mkdir(parents=True)
    (folder / "runs" / "mlflow.db").write_bytes(migrated_database)
    (folder / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    place = Workplace(folder=folder)
    yield place
    place.end()


@pytest.fixture
def smoke() -> list[str]:
    """Return the command of two short trials."""
    return list(SMOKE)


@pytest.fixture
def workers():
    """Return a function that finds the worker processes of a driver that run trials."""

    def find(driver: subprocess.Popen) -> list[psutil.Process]:
        found = []
        for process in psutil.Process(driver.pid).children(recursive=True):
            try:
                title = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if title.startswith("ray::ImplicitFunc"):
                found.append(process)
        return found

    return find
