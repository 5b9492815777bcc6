"""What the records lack: lesions of other partitions, and processor seconds of a trial's stages.

Networks are those that the sweep of clusters_mnist on MNIST has kept. Resumable: each network leaves a line
in runs/benchmarks/clusters_again.jsonl. About 10 seconds of one core each, 50 for one of the control.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clusters_records import CLUSTERS, groups_of, spread
from clusters_table import table
from safetensors.torch import load_file

from clusterability import WeightGraph, lesion_test, seeds
from clusterability.config import TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.measurement.network import MeasuredNetwork
from clusterability.models import build_module
from clusterability.record import TrialRecord
from clusterability.training.loop import train
from clusterability.trial.provenance import git_commit
from clusterability_analysis.labels import format_number

RESULTS = Path("runs/benchmarks/clusters_again.jsonl")
STAGES = ("training, 8 epochs", "graphs and partitions", "null tests", "lesions of both partitions")
PARTITIONS = ("weights, n-cut", "weights, layered modularity", "contributions, layered modularity")
"""Into k = 12 clusters each."""

Line = dict[str, Any]


def measure_missing() -> None:
    """Lesion the kept networks that have no line yet."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    done = {line["trial"] for line in read_lines()}
    with _one_torch_thread(), RESULTS.open("a") as file:
        for condition, records in groups_of(CLUSTERS["MNIST"]).items():
            for record in records:
                if record.config.trial_id not in done:
                    line = measured(condition, record)
                    file.write(json.dumps(line) + "\n")
                    file.flush()
                    print(
                        time.strftime("%H:%M:%S"),
                        condition,
                        record.config.seed,
                        line["functional"],
                        flush=True,
                    )


def read_lines() -> list[Line]:
    """Return what has been measured."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def measured(condition: str, record: TrialRecord) -> Line:
    """Return the line of one kept network."""
    config = record.config
    dataset = load_dataset(config.dataset, config.seed)
    network = MeasuredNetwork(_kept(config), dataset, config)
    effects = {name: _effects(network, *partition) for name, partition in _partitions(network).items()}
    return {
        "trial": config.trial_id,
        "condition": condition,
        "seed": config.seed,
        "functional": {name: effect[0] for name, effect in effects.items()},
        "without_effect": {name: effect[1] for name, effect in effects.items()},
        "seconds": _seconds(config, dataset, record) if condition == "control" else None,
        "commit": git_commit(),
    }


def _module(config: TrialConfig) -> torch.nn.Module:
    return build_module(config.model, input_shape=(1, 28, 28), num_classes=10, seed=config.seed)


def _kept(config: TrialConfig) -> torch.nn.Module:
    module = _module(config)
    path = CLUSTERS["MNIST"].folder / "trials" / config.trial_id / "weights.safetensors"
    module.load_state_dict(load_file(path))
    return module.eval()


def _partitions(network: MeasuredNetwork) -> Mapping[str, tuple[WeightGraph, np.ndarray]]:
    weights, contribution = network.weights, network.contribution
    found = (
        (weights.graph, weights.partition.labels),
        (weights.graph, weights.modularity_at_k.labels),
        (contribution.graph, contribution.modularity_at_k.labels),
    )
    return dict(zip(PARTITIONS, found, strict=True))


def _effects(network: MeasuredNetwork, graph: WeightGraph, labels: np.ndarray) -> tuple[float, int]:
    """Lesion clusters on the validation examples that the trial has taken."""
    settings, validation = network.config.lesions, network.dataset.validation
    rng = seeds.generator(network.config.seed, "lesion examples")
    chosen = np.sort(rng.choice(len(validation), settings.num_examples, replace=False))
    test = lesion_test(
        network.module,
        graph,
        labels,
        validation.inputs[chosen],
        validation.labels[chosen],
        num_random=settings.num_random,
        seed=network.config.seed,
    )
    return test.functional_clusters, test.clusters_without_effect


def _seconds(config: TrialConfig, dataset: Dataset, record: TrialRecord) -> list[float]:
    """Return processor seconds of the stages, training included; results must be the record's.

    Raises:
        RuntimeError: lesions are not those of the record.
    """
    marks = [time.process_time()]
    trained = train(_module(config), dataset, config, device=torch.device("cpu"))
    marks.append(time.process_time())
    network = MeasuredNetwork(trained.module, dataset, config)
    for graph in (network.weights, network.contribution):
        _ = graph.partition, graph.modularity, graph.modularity_at_k
    marks.append(time.process_time())
    for graph in (network.weights, network.contribution):
        _ = graph.null_test, graph.verdict_test, graph.modularity_test
    marks.append(time.process_time())
    found = [test.functional_clusters for test in (network.lesions, network.ncut_lesions) if test is not None]
    marks.append(time.process_time())
    kept = [record.metrics[f"functional_clusters{suffix}"] for suffix in ("", "_ncut")]
    if not np.allclose(found, kept, rtol=1e-3):
        raise RuntimeError(f"{config.trial_id}: functional clusters: got {found}, the record has {kept}")
    return np.diff(marks).tolist()


def by_partition(lines: Sequence[Line]) -> str:
    """Return functional clusters, and clusters without effect, by partition."""
    grouped: dict[str, list[Line]] = {}
    by_trial = {line["trial"]: line for line in lines}
    for condition, records in groups_of(CLUSTERS["MNIST"]).items():
        found = [by_trial.get(record.config.trial_id) for record in records]
        grouped[condition] = [line for line in found if line]
    columns = {}
    for partition in PARTITIONS:
        columns[partition] = _column("functional", partition)
        columns[f"{partition}: without effect"] = _column("without_effect", partition)
    return table(grouped, columns)


def _column(field: str, partition: str) -> Callable[[Sequence[Line]], str]:
    return lambda lines: spread([line[field][partition] for line in lines], 1)


def stages(lines: Sequence[Line]) -> str:
    """Return processor seconds of the control's stages, and their share of training."""
    found = np.array([line["seconds"] for line in lines if line["seconds"]])
    rows = ["| stage | seconds | of training |", "|---|---|---|"]
    if len(found):
        for place, stage in enumerate(STAGES):
            share = 100 * found[:, place].mean() / found[:, 0].mean()
            rows.append(f"| {stage} | {spread(found[:, place], 1)} | {format_number(share, 0)} % |")
    return "\n".join(rows)


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    measure_missing()
