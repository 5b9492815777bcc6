"""The whole story of a trial."""

import traceback
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from clusterability.config import TrainingConfig, TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.errors import ClusterabilityError
from clusterability.measurement.curves import Curves
from clusterability.measurement.measure import Measurements
from clusterability.measurement.network import MeasuredNetwork
from clusterability.models import build_module
from clusterability.record import TrialRecord
from clusterability.training.loop import TrainedNetwork, prune, train
from clusterability.trial.provenance import provenance


def run_trial(
    config: TrialConfig, checkpoints: Path | None = None, dataset: Dataset | None = None
) -> TrialRecord:
    """Train the network of `config`, prune it if asked, measure its n-cut, test it against its nulls.

    The data set is loaded unless it is given. What is measured before pruning has the prefix "unpruned_".
    Training that was interrupted resumes from the last epoch kept in the folder `checkpoints`, with the
    result that it would have had. Whatever goes wrong is recorded: the record's state is then "failed" and
    its error says why; what was known before the failure is kept.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    networks: list[TrainedNetwork] = []  # trained, then pruned
    curves: Curves | None = None
    measurement, metrics, error = Measurements(), {}, None
    try:
        dataset = dataset or load_dataset(config.dataset, config.seed)
        module = build_module(
            config.model, input_shape=dataset.input_shape, num_classes=dataset.num_classes, seed=config.seed
        )
        curves = Curves(module, dataset, config) if config.measurement.is_on else None
        networks.append(train(module, dataset, config, checkpoints=checkpoints, observer=curves))
        measurement.notes += _limit_reached(config.training, networks[0])
        if config.training.pruning_epochs:
            metrics |= _training_metrics(networks[0], "unpruned_")
            networks.append(prune(networks[0], dataset, config, checkpoints=checkpoints))
        metrics |= _training_metrics(networks[-1], "")
        metrics["epochs_trained"] = len(networks[0].history)
        meanwhile = curves.seconds if curves else 0.0
        metrics["seconds_training"] = sum(network.seconds for network in networks) - meanwhile
        metrics["seconds_measuring"] = meanwhile + _measure(config, dataset, networks, measurement)
    except ClusterabilityError as problem:
        error = str(problem)
    except Exception as problem:  # a fault of ours or of a library: this trial ends, the sweep goes on
        error = f"{type(problem).__name__}: {problem} ({_place(problem)})"
    return TrialRecord(
        config=config,
        state="failed" if error else "complete",
        metrics=metrics | measurement.metrics,
        history=_history(networks),
        curves=curves.record if curves else {},
        null_tests=measurement.null_tests,
        lesions=measurement.lesions,
        error=error,
        notes=(*measurement.notes, *(curves.notes if curves else ())),
        weights=_weights(networks[-1]) if networks else {},
        unpruned_weights=_weights(networks[0]) if len(networks) > 1 else {},
        provenance={
            **provenance(),
            "started": started,
            "device": networks[0].device if networks else "",
            "dataset_sha256": dataset.sha256 if dataset else "",
        },
    )


def _limit_reached(settings: TrainingConfig, trained: TrainedNetwork) -> list[str]:
    """Say where training ended with a loss above the one that it was to reach."""
    loss, until = trained.history[-1]["train_loss"], settings.until_loss
    if until is None or loss <= until:
        return []
    ended = f"the loss of the last of {settings.epochs} epochs is {loss:.4g}, above {until:g}"
    return [f"training.until_loss: {ended}"]


def _training_metrics(trained: TrainedNetwork, prefix: str) -> dict[str, float]:
    return {
        f"{prefix}train_accuracy": trained.train_accuracy,
        f"{prefix}train_loss": trained.train_loss,
        f"{prefix}validation_accuracy": trained.validation_accuracy,
        f"{prefix}validation_loss": trained.history[-1]["validation_loss"],
        f"{prefix}test_accuracy": trained.test_accuracy,
    }


def _history(networks: list[TrainedNetwork]) -> dict[str, list[float]]:
    """Turn values by name within each epoch into values by epoch, pruning after training, by name."""
    epochs = [epoch for network in networks for epoch in network.history]
    return {name: [epoch[name] for epoch in epochs] for name in epochs[0]} if epochs else {}


def _weights(trained: TrainedNetwork) -> dict[str, np.ndarray]:
    state = trained.module.state_dict()
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in state.items()}


def _measure(
    config: TrialConfig, dataset: Dataset, networks: list[TrainedNetwork], measurement: Measurements
) -> float:
    """Measure the last network and, if it was pruned, the one before; return the seconds it took."""
    started = perf_counter()
    measurement.measure(MeasuredNetwork(networks[-1].module, dataset, config))
    if len(networks) > 1:
        measurement.measure(MeasuredNetwork(networks[0].module, dataset, config), prefix="unpruned_")
    return perf_counter() - started


def _place(problem: Exception) -> str:
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} in {frame.name}"
