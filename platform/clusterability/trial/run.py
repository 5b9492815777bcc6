"""The whole story of a trial."""

import traceback
from datetime import UTC, datetime
from time import perf_counter

import numpy as np

from clusterability.config import TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.errors import ClusterabilityError
from clusterability.graph import WeightGraph
from clusterability.models import build_module
from clusterability.ncut import measure_ncut
from clusterability.nulls import null_test
from clusterability.record import NullTest, TrialRecord
from clusterability.training import TrainedNetwork, train
from clusterability.trial.provenance import provenance


def run_trial(config: TrialConfig, dataset: Dataset | None = None) -> TrialRecord:
    """Train the network of `config`, measure its n-cut, test it against its nulls.

    The data set is loaded unless it is given. Whatever goes wrong is recorded: the record's state is then
    "failed" and its error says why; what was known before the failure is kept.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    trained, metrics, tests, error = None, {}, (), None
    try:
        dataset = dataset or load_dataset(config.dataset, config.seed)
        trained = _train(config, dataset)
        metrics = _training_metrics(trained)
        measured, tests = _measure(config, trained)
        metrics |= measured
    except ClusterabilityError as problem:
        error = str(problem)
    except Exception as problem:  # a fault of ours or of a library: this trial ends, the sweep goes on
        error = f"{type(problem).__name__}: {problem} ({_place(problem)})"
    return TrialRecord(
        config=config,
        state="failed" if error else "complete",
        metrics=metrics,
        history=_history(trained) if trained else {},
        null_tests=tests,
        error=error,
        weights=_weights(trained) if trained else {},
        provenance={
            **provenance(),
            "started": started,
            "device": trained.device if trained else "",
            "dataset_sha256": dataset.sha256 if dataset else "",
        },
    )


def _train(config: TrialConfig, dataset: Dataset) -> TrainedNetwork:
    module = build_module(
        config.model, input_shape=dataset.input_shape, num_classes=dataset.num_classes, seed=config.seed
    )
    return train(module, dataset, config.training, config.seed)


def _training_metrics(trained: TrainedNetwork) -> dict[str, float]:
    return {
        "train_accuracy": trained.train_accuracy,
        "validation_accuracy": trained.validation_accuracy,
        "validation_loss": trained.history[-1]["validation_loss"],
        "test_accuracy": trained.test_accuracy,
        "seconds_training": trained.seconds,
    }


def _history(trained: TrainedNetwork) -> dict[str, list[float]]:
    """Turn values by name within each epoch into values by epoch under each name."""
    return {name: [epoch[name] for epoch in trained.history] for name in trained.history[0]}


def _weights(trained: TrainedNetwork) -> dict[str, np.ndarray]:
    state = trained.module.state_dict()
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in state.items()}


def _measure(config: TrialConfig, trained: TrainedNetwork) -> tuple[dict[str, float], tuple[NullTest, ...]]:
    started = perf_counter()
    graph = WeightGraph.from_module(trained.module)
    result = measure_ncut(
        graph, num_clusters=config.ncut.num_clusters, estimator=config.ncut.estimator, seed=config.seed
    )
    test = null_test(
        graph,
        null=config.nulls.null,
        num_shuffles=config.nulls.num_shuffles,
        num_clusters=config.ncut.num_clusters,
        estimator=config.ncut.estimator,
        seed=config.seed,
    )
    values = {
        "ncut": result.value,
        "num_isolated": graph.num_isolated,
        "num_components": graph.num_components,
        "null_mean": test.mean,
        "null_sd": test.sd,
        "z_score": test.z_score,
        "p_value": test.p_value,
        "seconds_measuring": perf_counter() - started,
    }
    return {name: float(value) for name, value in values.items() if value is not None}, (test,)


def _place(problem: Exception) -> str:
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} in {frame.name}"
