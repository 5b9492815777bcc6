"""What Ray runs for each trial."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from ray import tune
from threadpoolctl import threadpool_limits

from clusterability.config import TrialConfig
from clusterability.errors import StorageError
from clusterability.ledger import Ledger
from clusterability.own_code import use_as_hashed
from clusterability.record import TrialRecord
from clusterability.sweep.session import SOURCES, is_sweep
from clusterability.sweep.watchdog import TrialLimits, watched

RunTrial = Callable[[TrialConfig, Path], TrialRecord]
"""Runs a trial; in the folder it may keep what it needs to go on after an interruption."""


def train_and_measure(
    suggestion: dict[str, Any], *, sweep_folder: str, project: str, limits: TrialLimits, run: RunTrial
) -> None:
    """Run one trial, keep its record in the ledger, and report its metrics to Tune.

    A trial that fails is a record like any other: the worker process lives on and takes the next one. A trial
    whose record is there already, because its first worker was lost after writing it, is reported from it.
    `project` is the folder where the command was given.
    """
    config, ledger = TrialConfig.from_dict(suggestion["trial"]), Ledger(folder=Path(sweep_folder))
    if Path(project).is_dir():
        os.chdir(project)  # relative paths, and own components, are those of the folder of the command
    if config.sources:
        use_as_hashed(config.sources, ledger.folder / SOURCES)
    if not is_sweep(ledger.folder):
        raise StorageError(f"{sweep_folder}: this node does not see it; all nodes need one storage")

    def keep_failed(reason: str) -> None:
        ledger.write(TrialRecord(config=config, state="failed", error=reason))

    record = ledger.read(config.trial_id)
    if record is None:
        torch.set_num_threads(limits.threads)
        with threadpool_limits(limits.threads), watched(limits, keep_failed):
            record = run(config, ledger.unfinished_folder(config.trial_id))
        ledger.write(record)
    tune.report({**record.metrics, "state": record.state})
