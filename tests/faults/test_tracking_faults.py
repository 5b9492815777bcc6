"""A tracking server that is down, slow or wrong: a real MLflow server behind a proxy that misbehaves."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a server; `mode` says what it does wrong."""

    daemon_threads = True

    def __init__(self, target: int) -> None:
        self.target = target
        self.mode = "well"
        self.num_requests = 0
        self.lock = Lock()
        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Proxy

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.num_requests += 1
            odd = self.server.num_requests % 2
        if self.server.mode == "down":
            self.close_connection = True
            return
        if self.server.mode == "slow":
            time.sleep(0.7)
        status, answer, kind = self.pass_on(body)
        if self.server.mode == "500 every other time" and odd:
            status, answer, kind = 500, b"out of order", "text/plain"  # after it was carried out: the worst
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True

    def pass_on(self, body: bytes) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers.get("Content-Type", "text/plain")
        finally:
            connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory, migrated_database):
    """Start a real MLflow server, and yield its port."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    (folder / "mlflow.db").write_bytes(migrated_database)
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
    ]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
    yield port
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


@pytest.fixture
def proxy(server, workplace, request):
    """Put a proxy before the server, and let the sweeps of the workplace track through it."""
    with Proxy(server) as proxy:
        workplace.environment["MLFLOW_TRACKING_URI"] = proxy.address
        yield proxy
        proxy.shutdown()


def assert_whole(workplace, proxy, num_trials: int) -> None:
    """Look past the proxy, at the runs of this workplace's sweep alone: the server is shared by the tests."""
    proxy.mode = "well"
    runs = {
        kind: [
            run for run in workplace.mlflow_runs(kind) if run.data.tags["sweep_id"] == workplace.sweep().name
        ]
        for kind in ("trial", "sweep")
    }
    ids = sorted(record.config.trial_id for record in workplace.records())
    assert len(ids) == num_trials
    assert sorted(run.data.tags["trial_id"] for run in runs["trial"]) == ids
    assert {run.info.status for run in runs["trial"]} == {"FINISHED"}
    assert [run.info.status for run in runs["sweep"]] == ["FINISHED"]
    assert {run.data.tags["mlflow.parentRunId"] for run in runs["trial"]} == {runs["sweep"][0].info.run_id}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [[10], [11]], ids=["once", "again"])
def test_a_server_that_answers_500_every_other_time_gets_every_trial_once(workplace, smoke, proxy, seed):
    proxy.mode = "500 every other time"
    result = workplace.run(*smoke, f"seeds={seed}")
    assert result.returncode == 0, result.stderr
    assert_whole(workplace, proxy, 2)


@pytest.mark.slow
def test_a_slow_server_does_not_hold_trials_up(workplace, smoke, proxy):
    proxy.mode = "slow"
    command = [*smoke, "seeds=[20, 21]", "training.epochs=100"]
    result = workplace.run(*command)
    assert result.returncode == 0, result.stderr
    assert_whole(workplace, proxy, 4)


@pytest.mark.slow
def test_a_server_that_goes_down_in_mid_sweep_loses_nothing_and_sync_brings_it_up_to_date(
    workplace, smoke, proxy
):
    driver = workplace.start(*smoke, "seeds=[30, 31]", "training.epochs=200", "resources.max_concurrent=1")
    workplace.wait_for(lambda: workplace.num_records() >= 1)
    proxy.mode = "down"
    assert driver.wait(240) == 2, workplace.output()
    errors = (workplace.folder / "err").read_text()
    assert "tracking failed" in errors
    assert "4 trials complete, 0 failed, all kept on disk" in errors
    assert "clusterability sync smoke-" in errors
    assert workplace.num_records() == 4
    proxy.mode = "well"
    for _ in range(2):
        synced = workplace.run("sync", workplace.sweep().name)
        assert synced.returncode == 0, synced.stderr
        assert_whole(workplace, proxy, 4)
    report = workplace.run("report", workplace.sweep().name)
    assert report.returncode == 0, report.stderr
    workplace.assert_in_csv()


def test_a_server_that_is_down_from_the_start_is_one_line(workplace, smoke):
    workplace.environment["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{free_port()}"
    result = workplace.run(*smoke)
    assert result.returncode == 2
    assert "not reachable" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not workplace.num_records()


def test_a_server_that_breaks_while_the_sweep_runs_does_not_end_it(workplace, smoke):
    """The same without an MLflow server: one that answers once, and then with nonsense."""
    with Proxy(free_port()) as broken:
        workplace.environment["MLFLOW_TRACKING_URI"] = broken.address
        result = workplace.run(*smoke)
        broken.shutdown()
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
