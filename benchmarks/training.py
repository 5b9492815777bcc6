"""Training beside a plain PyTorch loop, and what the penalties cost, on one core."""

import time
from statistics import mean, median, stdev

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from clusterability.config import DatasetConfig, ModelConfig, Settings, TrainingConfig, TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.models import build_module
from clusterability.ncut.one_torch_thread import one_torch_thread
from clusterability.training.evaluate import evaluate
from clusterability.training.loop import TrainedNetwork, train

BATCH_SIZE = 128
TURN_EPOCHS = 2
TURN_STEPS = 800  # so many that the first eigendecomposition weighs little, as in real training
ELEVEN = {"weight": 0.1, "eigenvalues": 11}
PENALTIES: dict[str, dict[str, Settings]] = {
    "clusterability, e = 3, raw weights": {"clusterability": {"weight": 0.1}},
    "clusterability, e = 11, raw weights": {"clusterability": ELEVEN},
    "clusterability, e = 11, contributions": {"clusterability": {**ELEVEN, "edges": "contribution"}},
    "distance-weighted L1 with swaps (BIMT)": {"locality": {"weight": 1e-6}},
    "intra-cluster share": {"intra_cluster": {"weight": 0.1}},
    "L1": {"l1": {"weight": 5e-5}},
}


def section(*, epochs: int = 4, seeds: int = 3, repeats: int = 5) -> str:
    """Return a Markdown section; needs MNIST, and takes about 6 minutes of one core."""
    title = "## Training (784-256x4-10, MNIST, batch 128, one core)"
    with one_torch_thread():
        return "\n\n".join([title, _beside_plain(epochs, seeds), _cost(repeats)])


def _beside_plain(epochs: int, seeds: int) -> str:
    dataset = load_dataset(DatasetConfig(name="mnist", validation_fraction=1 / 60), 0)
    rows: dict[str, list[tuple[float, float]]] = {"plain": [], "ours": []}
    for seed in range(seeds):
        rows["plain"].append(_plain(dataset, epochs, seed))
        network = _ours(dataset, seed, epochs, {})
        rows["ours"].append((network.seconds, network.test_accuracy))
    steps = epochs * -(-len(dataset.train) // BATCH_SIZE)
    lines = [
        f"Fastest and slowest of {seeds} runs of {epochs} epochs; accuracy on test after them, mean and sd.",
        "",
        "| loop | ms a step | slowest | test accuracy |",
        "|---|---|---|---|",
    ]
    names = {"plain": "DataLoader and default Adam", "ours": "`train`, its validation included"}
    for key, results in rows.items():
        times = [1e3 * seconds / steps for seconds, _ in results]
        accuracies = [accuracy for _, accuracy in results]
        spread = f" ± {stdev(accuracies):.4f}" if seeds > 1 else ""
        lines.append(
            f"| {names[key]} | {min(times):.2f} | {max(times):.2f} | {mean(accuracies):.4f}{spread} |"
        )
    plain, ours = (min(seconds for seconds, _ in rows[key]) for key in ("plain", "ours"))
    return "\n".join([*lines, "", f"Ours is **{plain / ours:.2f} times** faster (aim: 1.6)."])


def _cost(repeats: int) -> str:
    dataset = load_dataset(DatasetConfig(name="mnist", num_train=TURN_STEPS // TURN_EPOCHS * BATCH_SIZE), 0)
    conditions: dict[str, dict[str, Settings]] = {"none": {}, **PENALTIES}
    for penalties in conditions.values():
        _ours(dataset, 0, 1, penalties)  # compiles, warms up
    times: dict[str, list[float]] = {name: [] for name in conditions}
    for _ in range(repeats):  # by turns, so that a busy machine slows all alike
        for name, penalties in conditions.items():
            seconds = _ours(dataset, 0, TURN_EPOCHS, penalties).seconds
            times[name].append(seconds / TURN_STEPS * 1e3)
    lines = [
        f"A step with a penalty, applied at every step: fastest of {repeats} turns of {TURN_STEPS} steps,",
        "validation included (aim: 1.5 times the plain step for the clusterability penalty on raw weights).",
        "",
        "| penalty | ms a step | times plain | median of turns |",
        "|---|---|---|---|",
    ]
    plain = times["none"]
    for name, values in times.items():
        ratio = median(value / other for value, other in zip(values, plain, strict=True))
        lines.append(f"| {name} | {min(values):.2f} | {min(values) / min(plain):.2f} | {ratio:.2f} |")
    return "\n".join(lines)


def _ours(dataset: Dataset, seed: int, epochs: int, penalties: dict[str, Settings]) -> TrainedNetwork:
    module = build_module(ModelConfig(), input_shape=dataset.input_shape, num_classes=10, seed=seed)
    training = TrainingConfig(device="cpu", batch_size=BATCH_SIZE, epochs=epochs)
    return train(module, dataset, TrialConfig(training=training, penalties=penalties, seed=seed))


def _plain(dataset: Dataset, epochs: int, seed: int) -> tuple[float, float]:
    """Train as PyTorch's tutorials do; return seconds and test accuracy."""
    torch.manual_seed(seed)
    module = build_module(ModelConfig(), input_shape=dataset.input_shape, num_classes=10, seed=seed)
    inputs, labels = torch.tensor(dataset.train.inputs), torch.tensor(dataset.train.labels)
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=BATCH_SIZE, shuffle=True)
    optimizer = torch.optim.Adam(module.parameters())
    started = time.perf_counter()
    for _ in range(epochs):
        for batch_inputs, batch_labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(batch_inputs), batch_labels).backward()
            optimizer.step()
    seconds = time.perf_counter() - started
    test = torch.tensor(dataset.test.inputs), torch.tensor(dataset.test.labels)
    return seconds, evaluate(module, *test).accuracy


if __name__ == "__main__":
    print(section())
