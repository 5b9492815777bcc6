"""Two machines with addresses and host names of their own, in network namespaces made here."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

RAY = str(Path(sys.executable).with_name("ray"))
PORT = "6379"
QUIET = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "c" * 32,
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Machines:
    """Network namespaces `near` and `far`, joined by a cable, and the Ray nodes in them."""

    head_ip, far_ip = "10.213.47.1", "10.213.47.2"
    head = f"{head_ip}:{PORT}"

    def __init__(self, workplace, folder: Path) -> None:
        self.workplace = workplace
        self.folder = folder
        self.near, self.far = (f"{name}{os.getpid()}" for name in ("near", "far"))
        self.nodes: list[subprocess.Popen] = []
        self.scratch = [Path(mkdtemp(prefix="ray")) for _ in range(2)]  # short: Ray puts sockets there

    def connect(self) -> None:
        for name in (self.near, self.far):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        cable = f"v{os.getpid()}"
        ip("-n", self.near, "link", "add", f"{cable}a", "type", "veth", "peer", "name", f"{cable}b")
        ip("-n", self.near, "link", "set", f"{cable}b", "netns", self.far)
        for name, end, address in ((self.near, "a", self.head_ip), (self.far, "b", self.far_ip)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", f"{cable}{end}")
            ip("-n", name, "link", "set", f"{cable}{end}", "up")
            ip("-n", name, "route", "add", "default", "via", address)

    def within(self, name: str, command: list[str], before: str = "true") -> list[str]:
        script = f"hostname {name} && {before} && exec ip netns exec {name} " + '"$@"'
        return ["unshare", "--uts", "--mount", "sh", "-c", script, "sh", *command]

    def start_node(self, *, head: bool, before: str = "true") -> subprocess.Popen:
        name, address = (self.near, self.head_ip) if head else (self.far, self.far_ip)
        command = [RAY, "start", "--block", "--num-cpus=1", "--disable-usage-stats"]
        command += ["--node-ip-address", address, "--temp-dir", str(self.scratch[0 if head else 1])]
        command += ["--head", "--port", PORT, "--include-dashboard=false"] if head else []
        command += [] if head else ["--address", self.head]
        with (self.folder / f"{name}.log").open("w") as log:
            node = subprocess.Popen(
                self.within(name, command, before),
                env={**os.environ, **QUIET}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.nodes.append(node)
        self.wait_for_line(name, "Ray runtime started", node)
        return node

    def wait_for_line(self, name: str, text: str, node: subprocess.Popen) -> None:
        deadline = time.monotonic() + 90
        while text not in (log := (self.folder / f"{name}.log").read_text()):
            assert node.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.2)

    def end(self) -> None:
        for node in self.nodes:
            self.workplace.kill(node)
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        for folder in self.scratch:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def machines(workplace, tmp_path):
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root")
    machines = Machines(workplace, tmp_path)
    machines.connect()
    workplace.environment.update(QUIET)
    workplace.prefix = machines.within(machines.near, [])
    yield machines
    workplace.end()
    machines.end()
