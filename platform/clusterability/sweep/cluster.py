"""The Ray cluster that trials run on: this machine, or machines that are there already."""

import logging
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from ray._raylet import Config  # pyright: ignore[reportAttributeAccessIssue]: compiled
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from clusterability.config import DatasetConfig
from clusterability.data import load_dataset
from clusterability.errors import ClusterabilityError, DataError, ResourceError, StorageError
from clusterability.own_code import keep, source_files, use_as_hashed
from clusterability.spaces import SearchSpace
from clusterability.sweep.preflight import Machine, this_machine
from clusterability.sweep.quiet_ray import ray
from clusterability.sweep.rehearsal import network_variants

_SECONDS_TO_ANSWER = 5
_SECONDS_TO_INSPECT = 600  # a node may have a data set to download
_LOOPBACK = ("127.", "localhost", "::1", "[::1]")
CLIENT_SCHEME = "ray://"
"""Begins the address of a cluster that this machine is no node of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeReport:
    """What a node says of itself before trials are sent to it."""

    host: str
    token: str
    """What it read in the shared storage; empty: nothing."""
    data_error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """What a node is asked before trials are sent to it."""

    token_path: str
    project: str
    """Folder where the command was given."""
    datasets: list[DatasetConfig]
    """To be loaded there."""
    sources: str
    """Copies of the user's own files."""
    hashes: dict[str, str]
    """Those of these files."""


@contextmanager
def ray_cluster(address: str | None) -> Iterator[tuple[Machine, ...]]:
    """Yield the machines of the cluster at `address`, connected.

    None: this machine, where Ray is not started yet.

    Raises:
        ResourceError: no cluster answers there.
    """
    try:
        if address is None:
            yield (this_machine(),)
        else:
            _connect(address)
            yield _machines()
    finally:
        ray.shutdown()


def start_here() -> None:
    """Start Ray on this machine for this process alone, and connect to it."""
    machine = this_machine()
    # "local": not the cluster that may run on this machine too, nor the one that RAY_ADDRESS names.
    ray.init("local", num_cpus=machine.cpus, num_gpus=machine.gpus, include_dashboard=False, **_QUIET)


def check_nodes(space: SearchSpace, runs: Path) -> None:
    """Let every node read a token in `runs` and fetch the data sets, so that no trial finds them missing.

    Raises:
        StorageError: a node does not see the folder that the driver sees.
        DataError: a node cannot have a data set.
        ResourceError: a node cannot run this package.
    """
    datasets = list({repr(item.dataset): item.dataset for item in network_variants(space)}.values())
    with shared_token(runs) as (path, token), _shared_sources(space, path) as sources:
        reports = _ask_each_node(
            _Question(
                token_path=str(path), project=str(Path.cwd()), datasets=datasets,
                sources=str(sources), hashes=space.base.sources,
            )
        )  # fmt: skip
    blind = [report.host for report in reports if report.token != token]
    if blind:
        raise StorageError(f"{runs}: not seen by {', '.join(blind)}; allowed: a folder that all nodes share")
    for report in reports:
        if report.data_error:
            raise DataError(f"node {report.host}: {report.data_error}")


@contextmanager
def shared_token(runs: Path) -> Iterator[tuple[Path, str]]:
    """Keep a file with a token of its own in `runs` for the block, for other machines to read.

    Raises:
        StorageError: the folder cannot be written.
    """
    token = uuid4().hex
    path = runs / f".token-{token[:8]}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        path.write_text(token)
    except OSError as error:
        raise StorageError(f"{runs}: cannot be written: {error.strerror}") from None
    try:
        yield path, token
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _shared_sources(space: SearchSpace, token_path: Path) -> Iterator[Path]:
    """Keep copies of the user's own files beside the token for the block, for nodes that lack the files.

    Raises:
        StorageError: they cannot be written.
    """
    folder = token_path.with_name(f"{token_path.name}-sources")
    try:
        try:
            keep(source_files(space.own_components), folder)
        except OSError as error:
            raise StorageError(f"{folder.parent}: cannot be written: {error.strerror}") from None
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_token(path: str) -> str:
    """Return the token in `path` as another machine sees it; empty: there is none."""
    return Path(path).read_text() if Path(path).is_file() else ""


def _connect(address: str) -> None:
    if address == "auto" or not _require_answer(address).startswith(_LOOPBACK):
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        Config.initialize("")  # Ray has read the variable when it was imported
    try:
        ray.init(address=address, runtime_env={"py_modules": _own_packages()}, **_QUIET)
    except (ConnectionError, RayError, RuntimeError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ResourceError(f"--address {address}: Ray cannot be reached there: {reason}") from None


def _require_answer(address: str) -> str:
    """Try the port first, for Ray itself would try for minutes; return the host."""
    host, _, port = address.removeprefix(CLIENT_SCHEME).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ResourceError(
            f"--address: got {address!r}, allowed: auto or host:port on a machine that is a node of the "
            "cluster, ray://host:port elsewhere"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise ResourceError(
            f"--address {address}: nothing answers there ({error.strerror or error}); "
            "start the Ray cluster first, on one machine with: make cluster-up"
        ) from None
    return host


def _own_packages() -> list[str]:
    """Return the folders of the code that ships with a sweep."""
    names = ("clusterability", "clusterability_analysis")
    found = [find_spec(name) for name in names]
    return [str(Path(item.origin).parent) for item in found if item and item.origin]


def _machines() -> tuple[Machine, ...]:
    resources: list[dict[str, Any]] = [node["Resources"] for node in _alive_nodes()]
    machines = [Machine(cpus=int(item.get("CPU", 0)), gpus=int(item.get("GPU", 0))) for item in resources]
    return tuple(machines)


def _alive_nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def _ask_each_node(question: _Question) -> list[NodeReport]:
    task: Any = ray.remote(num_cpus=0)(_inspect)
    nodes = _alive_nodes()
    pinned = [NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False) for node in nodes]
    reports = [task.options(scheduling_strategy=item).remote(question) for item in pinned]
    answers = []
    for node, report in zip(nodes, reports, strict=True):
        name = node["NodeManagerAddress"]
        try:
            answer: NodeReport = ray.get(report, timeout=_SECONDS_TO_INSPECT)
        except RayError as error:
            told = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise ResourceError(f"node {name}: cannot run trials: {told[-1]}") from None
        answers.append(replace(answer, host=f"{answer.host} ({name})"))
    return answers


def _inspect(question: _Question) -> NodeReport:
    """Run on a node."""
    data_error = ""
    if Path(question.project).is_dir():
        os.chdir(question.project)
    try:
        use_as_hashed(question.hashes, Path(question.sources))
        for dataset in question.datasets:
            load_dataset(dataset, 0)
    except ClusterabilityError as error:
        data_error = str(error)
    token = read_token(question.token_path)
    return NodeReport(host=socket.gethostname(), token=token, data_error=data_error)


_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
