"""`--address ray://host:port`: a sweep started on a machine that is no node of the cluster.

Through Ray's client Tune runs on the far side, and with it whatever it calls back: tracking and display. So
the whole command runs there, on the head, and this terminal shows what it says and passes Ctrl-C on.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from shutil import get_terminal_size
from threading import Thread
from time import sleep
from typing import IO, Any

from ray.exceptions import RayError

from clusterability.errors import ResourceError, StorageError, first_line
from clusterability.sweep.cluster import CLIENT_SCHEME, ray_cluster, read_token, shared_token
from clusterability.sweep.quiet_ray import ray
from clusterability.tracking import RUNS_FOLDER

_INTERVAL = 0.3  # seconds between two looks at what the head says
_PASSED_ON = ("CLUSTERABILITY_", "MLFLOW_")
_ON_THE_HEAD = {"node:__internal_head__": 1e-3}


def is_outside(address: str | None) -> bool:
    """Whether `address` is one for a machine that is no node of the cluster."""
    return address is not None and address.startswith(CLIENT_SCHEME)


def run_on_head(address: str, command: list[str]) -> int:
    """Run `clusterability *command --address CLUSTER` on the head, in this folder; return its exit code.

    What it prints comes out here as it comes. Ctrl-C and SIGTERM are passed on. When the connection is lost,
    or this process killed, the sweep ends there as if its driver had been killed: nothing is lost.

    Raises:
        ResourceError: no cluster answers at `address`, or it was lost.
        StorageError: the head does not see this folder.
    """
    folder = Path.cwd()
    environment = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    environment["COLUMNS"] = str(get_terminal_size().columns)
    with ray_cluster(address):
        on_the_head: Any = ray.remote(num_cpus=0, resources=_ON_THE_HEAD)
        try:
            with shared_token(folder / RUNS_FOLDER) as (path, token):
                if ray.get(on_the_head(read_token).remote(str(path))) != token:
                    raise StorageError(
                        f"{folder}: not seen by the head; allowed: one that it and all nodes share"
                    )
            head = on_the_head(HeadCommand).remote(str(folder), environment)
            ray.get(head.start.remote(command))
            return _follow(head)
        except (RayError, ConnectionError) as error:
            raise ResourceError(
                f"--address {address}: the cluster was lost ({first_line(error)}); the same command continues"
            ) from None


def _follow(head: Any) -> int:
    """Print what the command on the head prints until it ends; return its exit code."""
    streams = {"out": sys.stdout, "err": sys.stderr}
    code = None
    with _first_signal_noted() as noted:
        while code is None:
            sleep(_INTERVAL)
            if noted:
                ray.get(head.interrupt.remote())
                noted.clear()
            lines, code = ray.get(head.news.remote())
            for stream, line in lines:
                print(line, end="", file=streams[stream], flush=True)
    return code


@contextmanager
def _first_signal_noted() -> Iterator[list[int]]:
    """Yield a list that a Ctrl-C or SIGTERM is put into; while one is in it, another is KeyboardInterrupt.

    The exception at once could fall into the middle of a call of Ray's, and be swallowed there.
    """
    noted: list[int] = []

    def note(number: int, _: object) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)

    both = (signal.SIGINT, signal.SIGTERM)
    heeded = [number for number in both if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class HeadCommand:
    """A command in a process of its own on the head. A Ray actor."""

    def __init__(self, folder: str, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._lines: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def start(self, command: list[str]) -> None:
        """Start `clusterability *command` on the cluster of this actor."""
        cluster = ray.get_runtime_context().gcs_address
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clusterability", *command, "--address", cluster],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_ctrl_c,
        )
        streams = (("out", self._process.stdout), ("err", self._process.stderr))
        self._readers = [Thread(target=self._keep_lines, args=item, daemon=True) for item in streams]
        for reader in self._readers:
            reader.start()

    def news(self) -> tuple[list[tuple[str, str]], int | None]:
        """Return the lines ("out" | "err", text) since the last call, and the exit code if it has ended."""
        code = self._process.poll()
        if code is not None:
            for reader in self._readers:
                reader.join()
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines, code

    def interrupt(self) -> None:
        """Pass Ctrl-C on."""
        self._process.send_signal(signal.SIGINT)

    def _keep_lines(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put((name, line))


def _heed_ctrl_c() -> None:
    """Undo what Ray does to its workers, and their children would inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
