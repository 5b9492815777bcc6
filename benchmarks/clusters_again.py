"""What the records lack: lesions by the mean, lesions of other partitions, and seconds of a trial's stages.

Networks are those that the sweeps of clusters_mnist have kept. Resumable: each network leaves a line in
runs/benchmarks/clusters_again.jsonl. About 15 seconds of one core each on MNIST, 5 on Fashion-MNIST.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from clusters_records import CLUSTERS, Groups, groups_of, probability_cell, spread
from clusters_table import table
from result_lines import Line, read_lines
from safetensors.torch import load_file

from clusterability import LesionTest, WeightGraph, lesion_test
from clusterability.config import TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.lesions.plan import Ablation
from clusterability.measurement.lesion_examples import lesion_examples
from clusterability.measurement.network import CONTRIBUTION_EXAMPLES, MeasuredNetwork
from clusterability.models import build_module
from clusterability.ncut.one_torch_thread import one_torch_thread
from clusterability.record import TrialRecord
from clusterability.training.loop import train
from clusterability.trial.provenance import git_commit
from clusterability_analysis.labels import format_number

RESULTS = Path("runs/benchmarks/clusters_again.jsonl")
STAGES = ("training, 8 epochs", "graphs and partitions", "null tests", "lesions of both partitions")
WHOLE = "MNIST"
"""The data set of which all is measured; of others only the mean's lesions."""
MEAN = "mean"
"""The trial's own partition, that of layered modularity on contributions, lesioned by the mean."""
PARTITIONS = ("weights, n-cut", "weights, layered modularity", "contributions, layered modularity")
"""Into k = 12 clusters each, lesioned by zero."""


def measure_missing() -> None:
    """Lesion the kept networks that have no line yet."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    done = {line["trial"] for line in read_lines(RESULTS)}
    with one_torch_thread(), RESULTS.open("a") as file:
        for dataset, sweep in CLUSTERS.items():
            for condition, records in groups_of(sweep).items():
                for record in records:
                    if record.config.trial_id not in done:
                        line = measured(dataset, condition, record)
                        file.write(json.dumps(line) + "\n")
                        file.flush()
                        print(time.strftime("%H:%M:%S"), dataset, condition, record.config.seed, flush=True)


def measured(dataset: str, condition: str, record: TrialRecord) -> Line:
    """Return the line of one kept network."""
    config = record.config
    data = load_dataset(config.dataset, config.seed)
    network = MeasuredNetwork(_kept(dataset, config), data, config)
    contribution = network.contribution
    effects = {MEAN: _effects(network, contribution.graph, contribution.modularity.labels, "mean")}
    if dataset == WHOLE:
        effects |= {name: _effects(network, *found) for name, found in _partitions(network).items()}
    is_timed = dataset == WHOLE and condition == "control"
    return {
        "trial": config.trial_id,
        "effects": effects,
        "seconds": _seconds(config, data, record) if is_timed else None,
        "commit": git_commit(),
    }


def _module(config: TrialConfig) -> torch.nn.Module:
    return build_module(config.model, input_shape=(1, 28, 28), num_classes=10, seed=config.seed)


def _kept(dataset: str, config: TrialConfig) -> torch.nn.Module:
    module = _module(config)
    path = CLUSTERS[dataset].folder / "trials" / config.trial_id / "weights.safetensors"
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


def _effects(
    network: MeasuredNetwork, graph: WeightGraph, labels: np.ndarray, ablation: Ablation = "zero"
) -> Line:
    """Lesion clusters on the validation examples that the trial has taken; means are the training set's."""
    settings, validation = network.config.lesions, network.dataset.validation
    chosen = lesion_examples(len(validation), settings.num_examples, network.config.seed)
    test = lesion_test(
        network.module,
        graph,
        labels,
        validation.inputs[chosen],
        validation.labels[chosen],
        num_random=settings.num_random,
        seed=network.config.seed,
        ablation=ablation,
        mean_inputs=network.dataset.train.inputs[:CONTRIBUTION_EXAMPLES] if ablation == "mean" else None,
    )
    return _plain(test)


def _plain(test: LesionTest) -> Line:
    information, gap = test.class_information, test.class_gap
    if information is None or gap is None:
        raise TypeError("lesions: got a regression, allowed: a classification")
    return {
        "functional": test.functional_clusters,
        "without_effect": test.clusters_without_effect,
        "information": [information.value, information.excess, information.p_value],
        "gap": [gap.value, gap.excess, gap.p_value],
    }


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
    """Return functional clusters, and clusters without effect, by partition into 12 clusters."""
    columns: dict[str, Callable[[Sequence[Line]], str]] = {}
    for partition in PARTITIONS:
        columns[partition] = _column(partition, "functional")
        columns[f"{partition}: without effect"] = _column(partition, "without_effect")
    return table(_grouped(lines, groups_of(CLUSTERS[WHOLE])), columns)


def by_mean(lines: Sequence[Line], groups: Groups) -> str:
    """Return what the clusters of layered modularity do by lesions that put units at their means."""
    columns: dict[str, Callable[[Sequence[Line]], str]] = {
        "functional": _column(MEAN, "functional"),
        "without effect": _column(MEAN, "without_effect"),
    }
    for field, title in (("information", "class information"), ("gap", "causal gap")):
        mark = " " * (field == "gap")  # a heading of its own for each column
        columns |= {
            title: _summary(field, 0),
            f"excess{mark}": _summary(field, 1),
            f"p{mark}": _largest_p(field),
        }
    return table(_grouped(lines, groups), columns)


def selectivity(lines: Sequence[Line], groups: Groups) -> Mapping[str, tuple[list[float], list[float]]]:
    """Return class information beyond random units, and causal gap, of each seed by the mean's lesions."""
    shown: dict[str, tuple[list[float], list[float]]] = {}
    for condition, found in _grouped(lines, groups).items():
        effects = [line["effects"][MEAN] for line in found]
        shown[condition] = (
            [each["information"][1] for each in effects],
            [each["gap"][0] for each in effects],
        )
    return shown


def _grouped(lines: Sequence[Line], groups: Groups) -> dict[str, list[Line]]:
    by_trial = {line["trial"]: line for line in lines}
    wanted = {
        name: [by_trial.get(record.config.trial_id) for record in found] for name, found in groups.items()
    }
    return {name: [line for line in found if line] for name, found in wanted.items()}


def _column(partition: str, field: str) -> Callable[[Sequence[Line]], str]:
    return lambda lines: spread([line["effects"][partition][field] for line in lines], 1)


def _summary(field: str, place: int) -> Callable[[Sequence[Line]], str]:
    return lambda lines: spread([line["effects"][MEAN][field][place] for line in lines], 2)


def _largest_p(field: str) -> Callable[[Sequence[Line]], str]:
    def cell(lines: Sequence[Line]) -> str:
        found = [line["effects"][MEAN][field][2] for line in lines]
        return probability_cell(found, [1 / 51] * len(found))

    return cell


def stages(lines: Sequence[Line]) -> str:
    """Return processor seconds of the control's stages, and their share of training."""
    found = np.array([line["seconds"] for line in lines if line["seconds"]])
    rows = ["| stage | seconds | of training |", "|---|---|---|"]
    if len(found):
        for place, stage in enumerate(STAGES):
            share = 100 * found[:, place].mean() / found[:, 0].mean()
            rows.append(f"| {stage} | {spread(found[:, place], 1)} | {format_number(share, 0)} % |")
    return "\n".join(rows)


if __name__ == "__main__":
    measure_missing()
