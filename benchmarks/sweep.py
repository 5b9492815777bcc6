"""What the platform costs: a sweep beside a bare pool of processes, and trials that do nothing."""

import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import psutil
import torch
from rich.console import Console

from clusterability.config import TrialConfig
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace, resolve_space
from clusterability.sweep import run_sweep
from clusterability.sweep.preflight import plan_resources, this_machine
from clusterability.tracking import connect
from clusterability.trial import run_trial

SHORT = {
    "description": "32 short trials like those of mlp_reg, on the embedded digits",
    "dataset": "digits",
    "model": {"widths": [64, 64, 64]},
    "training": {"epochs": 30},
    "axes": {"penalties.l1.weight": [0.0, 5e-5, 1e-4, 2e-4]},
    "seeds": list(range(8)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Seconds of the same trials, run twice."""

    sweep: float
    pool: float
    width: int
    num_trials: int


def section(num_trials: int = 32, num_noop: int = 1000) -> str:
    """Measure, and return a section of Markdown."""
    short = time_short_trials(num_trials)
    few, fewer_megabytes = time_noop_trials(num_noop // 10)
    many, megabytes = time_noop_trials(num_noop)
    each = (many - few) / (num_noop - num_noop // 10)
    return "\n".join(
        [
            "## Sweeps",
            "",
            f"| {short.num_trials} short trials on digits, {short.width} at once | seconds |",
            "| --- | ---: |",
            f"| sweep: Ray, search, ledger, tracking | {short.sweep:.1f} |",
            f"| the same trial function in a bare process pool | {short.pool:.1f} |",
            f"| ratio | {short.sweep / short.pool:.2f} |",
            "",
            f"{num_noop:,} trials that do nothing: {1000 * each:.0f} ms of wall time each beside "
            f"{few - each * (num_noop // 10):.0f} s for the start and the end of the sweep; "
            f"the driver grew by {megabytes:.0f} MB of resident memory "
            f"({num_noop // 10} trials before, in the same process: {fewer_megabytes:.0f} MB).",
            "",
        ]
    )


def time_short_trials(num_trials: int) -> Timing:
    """Run the trials as a sweep, then in a pool of processes as wide; both start their own workers."""
    space = resolve_space("bench", {**SHORT, "search": {"method": "grid", "num_trials": num_trials}}, {})
    width = plan_resources(space, this_machine()).concurrent
    sweep = _sweep(space, run_trial)
    configs = [space.trial(item, seed) for item in space.grid() for seed in space.seeds][:num_trials]
    started = time.perf_counter()
    with ProcessPoolExecutor(width, mp_context=multiprocessing.get_context("spawn")) as pool:
        states = list(pool.map(_bare_trial, configs))
    pool_seconds = time.perf_counter() - started
    assert states == ["complete"] * num_trials
    return Timing(sweep=sweep, pool=pool_seconds, width=width, num_trials=num_trials)


def time_noop_trials(num_trials: int) -> tuple[float, float]:
    """Return wall seconds of a sweep of trials that do nothing, and megabytes by which this process grew."""

    def nothing(
        config: TrialConfig, unfinished: Path
    ) -> TrialRecord:  # within a function, so that it is shipped by value
        metrics = {"validation_accuracy": 0.5, "test_accuracy": 0.5, "ncut": 1.0, "null_mean": 1.0}
        metrics |= {"seconds_training": 0.0, "seconds_measuring": 0.0}
        return TrialRecord(config=config, state="complete", metrics=metrics)

    axes = {"penalties.l1.weight": {"low": 1e-6, "high": 1e-2, "log": True}}
    search = {"method": "random", "num_trials": num_trials}
    space = resolve_space("bench", {**SHORT, "axes": axes, "seeds": [0], "search": search}, {})
    process = psutil.Process()
    before = process.memory_info().rss
    return _sweep(space, nothing), (process.memory_info().rss - before) / 1e6


def _sweep(space: SearchSpace, run) -> float:
    """Run a sweep in an empty folder, its tracking database made beforehand; return its seconds."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            connect()
            started = time.perf_counter()
            outcome = run_sweep(space, Console(file=StringIO()), run=run)
            seconds = time.perf_counter() - started
        finally:
            os.chdir(before)
    assert outcome.num_failed == 0
    assert outcome.num_complete == space.num_trials
    return seconds


def _bare_trial(config: TrialConfig) -> str:
    torch.set_num_threads(1)
    return run_trial(config).state


if __name__ == "__main__":
    print(section())
