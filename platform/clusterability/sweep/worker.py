"""What Ray runs for each trial."""

from pathlib import Path
from typing import Any

import torch
from ray import tune
from threadpoolctl import threadpool_limits

from clusterability.config import TrialConfig
from clusterability.ledger import Ledger
from clusterability.trial import run_trial


def train_and_measure(suggestion: dict[str, Any], *, sweep_folder: str, num_threads: int) -> None:
    """Run one trial, keep its record in the ledger, and report its metrics to Tune.

    A trial that fails is a record like any other: the worker process lives on and takes the next one.
    """
    torch.set_num_threads(num_threads)
    with threadpool_limits(num_threads):
        record = run_trial(TrialConfig.from_dict(suggestion["trial"]))
    Ledger(folder=Path(sweep_folder)).write(record)
    tune.report({**record.metrics, "state": record.state})
