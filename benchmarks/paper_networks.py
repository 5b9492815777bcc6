"""The networks behind the paper's claims: its MLPs on MNIST, untrained, trained and pruned.

Weights are kept in runs/claims/, a file for each network named after its trial, so that measuring can be done
again without training. Run alone: python benchmarks/paper_networks.py trains what is missing.
"""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from clusterability.config import TrialConfig
from clusterability.data import load_dataset
from clusterability.files import written_whole
from clusterability.graph import WeightGraph
from clusterability.graph.block import Weighting
from clusterability.measurement.network import CONTRIBUTION_EXAMPLES
from clusterability.models import build_module
from clusterability.spaces.catalogue import load_space
from clusterability.training.loop import TrainedNetwork, prune, train

SEEDS = (0, 1, 2)
CONDITIONS: dict[str, dict[str, Any]] = {
    "control": {},
    "clusterable init": {"model.initialisation": "clusterable"},
    "dropout": {"model.dropout": 0.5},
    "L1": {"penalties.l1.weight": 5e-5},
    "L2": {"penalties.l2.weight": 5e-5},
    "halves": {"dataset.variant": "halves"},
    "halves, one class": {"dataset.variant": "halves_same"},
}
"""What sets each apart from the control of search_spaces/paper_mlp.yaml, most wanted first."""
FIRST = 4
"""So many conditions are finished one by one; of the rest, one seed of all of them before the next seed."""
INITIALISED = ("control", "clusterable init")
"""Conditions with an initialisation of their own; the others begin as the control does."""
PHASES = ("untrained", "trained", "pruned")
CACHE = Path("runs/claims")


def config_of(condition: str, seed: int) -> TrialConfig:
    """Return the trial of one network: 20 + 20 epochs, as in docs/reproduction.md."""
    space = load_space("paper_mlp", ("dataset.name=mnist", "axes={}", "training.device=cpu"))
    return space.trial(CONDITIONS[condition], seed)


def pairs() -> list[tuple[str, int]]:
    """Return condition and seed of each network that is trained, most wanted first."""
    names = list(CONDITIONS)
    first = [(name, seed) for name in names[:FIRST] for seed in SEEDS]
    return first + [(name, seed) for seed in SEEDS for name in names[FIRST:]]


def wanted() -> Iterator[tuple[str, int, str]]:
    """Yield condition, seed and phase of each network that is measured, most wanted first."""
    for condition, seed in pairs():
        for phase in PHASES:
            if phase != "untrained" or condition in INITIALISED:
                yield condition, seed, phase


def path_of(condition: str, seed: int, phase: str) -> Path:
    """Return where a network's weights are kept; other settings would be another trial, and another file."""
    return CACHE / f"{config_of(condition, seed).trial_id}-{phase}.safetensors"


def load_network(condition: str, seed: int, phase: str) -> nn.Module:
    """Return a network in evaluation mode: initialised, or as it was kept."""
    module = _initialised(config_of(condition, seed))
    if phase != "untrained":
        module.load_state_dict(load_file(path_of(condition, seed, phase)))
    return module.eval()


def load_graph(condition: str, seed: int, phase: str, weighting: Weighting) -> WeightGraph:
    """Return a network's weight graph, or that of contributions over its first 10,000 training examples."""
    inputs = load_dataset(config_of(condition, seed).dataset, seed).train.inputs[:CONTRIBUTION_EXAMPLES]
    module = load_network(condition, seed, phase)
    return WeightGraph.from_module(module, torch.tensor(inputs), weighting=weighting)


def kept_accuracy(condition: str, seed: int, phase: str) -> float | None:
    """Return the accuracy that was kept with a network; None for an untrained one."""
    if phase == "untrained":
        return None
    with safe_open(path_of(condition, seed, phase), "pt") as file:
        return float(file.metadata()["test_accuracy"])


def train_missing(condition: str, seed: int) -> None:
    """Train and prune the network of a condition and a seed unless both are kept.

    Training that was interrupted resumes from its last checkpoint; phases of a network are kept together.
    """
    kept = [path_of(condition, seed, phase) for phase in PHASES[1:]]
    if all(path.exists() for path in kept):
        return
    config = config_of(condition, seed)
    checkpoints = CACHE / "checkpoints" / config.trial_id
    checkpoints.mkdir(parents=True, exist_ok=True)
    dataset = load_dataset(config.dataset, config.seed)
    trained = train(_initialised(config), dataset, config, checkpoints=checkpoints)
    _say(condition, seed, "trained", trained)
    pruned = prune(trained, dataset, config, checkpoints=checkpoints)
    _say(condition, seed, "pruned", pruned)
    for path, network in zip(kept, (trained, pruned), strict=True):
        _keep(path, network, config)
    for file in checkpoints.iterdir():
        file.unlink()
    checkpoints.rmdir()


def _initialised(config: TrialConfig) -> nn.Module:
    return build_module(config.model, input_shape=(1, 28, 28), num_classes=10, seed=config.seed)


def _keep(path: Path, network: TrainedNetwork, config: TrialConfig) -> None:
    metadata: Mapping[str, str] = {
        "test_accuracy": str(network.test_accuracy),
        "seconds": str(network.seconds),
        "config": json.dumps(config.to_dict()),
    }
    with written_whole(path) as draft:
        save_file(network.module.state_dict(), draft, dict(metadata))


def _say(condition: str, seed: int, phase: str, network: TrainedNetwork) -> None:
    print(
        f"{time.strftime('%H:%M:%S')} {condition}, seed {seed}: {phase} in {network.seconds:.0f} s, "
        f"test accuracy {network.test_accuracy:.4f}",
        flush=True,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for pair in pairs():
        train_missing(*pair)
