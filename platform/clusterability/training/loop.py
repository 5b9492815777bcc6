"""The training loop."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from clusterability.config import TrainingConfig
from clusterability.data import Dataset, Split
from clusterability.errors import TrainingError
from clusterability.seeds import integer_seed
from clusterability.training.device import resolve_device
from clusterability.training.evaluate import evaluate
from clusterability.training.kernels import kernel_penalty, kernels
from clusterability.training.penalty import ClusterabilityPenalty

ADAM_EPSILON = 1e-7  # Keras's default, which the paper trained with

OnEpoch = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedNetwork:
    """A trained module and how it got there."""

    module: nn.Module
    """The network, on the device it was trained on, in evaluation mode."""
    history: tuple[Mapping[str, float], ...]
    """Per epoch: `train_loss` (mean cross-entropy while training, nats), `penalty` (mean of all penalties
    added to it), `validation_accuracy`, `validation_loss` (nats)."""
    train_accuracy: float
    """Share of the training examples classified right after training, dropout off."""
    validation_accuracy: float
    """The same on validation."""
    test_accuracy: float
    """The same on test."""
    seconds: float
    """Wall-clock time of the training, evaluation after each epoch included."""
    device: str
    """Kind of device it was trained on."""


def train(
    module: nn.Module,
    dataset: Dataset,
    config: TrainingConfig,
    seed: int,
    device: torch.device | None = None,
    on_epoch: OnEpoch | None = None,
) -> TrainedNetwork:
    """Fit `module` to the training set with Adam, in place, and evaluate it on all three sets.

    Batches follow from the seed's stream "batches" and are the same on every device; dropout follows from
    "dropout". On the CPU the result depends on the seed and on torch's number of threads alone. `on_epoch`
    is called with the epoch, from 1, and its metrics.

    Raises
    ------
    TrainingError
        When the loss of a step is not finite.
    """
    device = device or resolve_device(config.device)
    module.to(device)
    train_set, validation, test = (
        _on_device(split, device) for split in (dataset.train, dataset.validation, dataset.test)
    )
    started = time.perf_counter()
    history = _fit(module, train_set, validation, config, seed, on_epoch)
    seconds = time.perf_counter() - started
    module.eval()
    return TrainedNetwork(
        module=module,
        history=tuple(history),
        train_accuracy=evaluate(module, *train_set).accuracy,
        validation_accuracy=evaluate(module, *validation).accuracy,
        test_accuracy=evaluate(module, *test).accuracy,
        seconds=seconds,
        device=device.type,
    )


def _fit(
    module: nn.Module,
    train_set: tuple[torch.Tensor, torch.Tensor],
    validation: tuple[torch.Tensor, torch.Tensor],
    config: TrainingConfig,
    seed: int,
    on_epoch: OnEpoch | None,
) -> list[Mapping[str, float]]:
    device = train_set[0].device
    optimizer = torch.optim.Adam(module.parameters(), lr=config.learning_rate, eps=ADAM_EPSILON, fused=True)
    penalty = _penalty(module, config)
    batches = torch.Generator().manual_seed(integer_seed(seed, "batches"))
    history = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(integer_seed(seed, "dropout"))
        for epoch in range(1, config.epochs + 1):
            module.train()
            losses = _run_epoch(module, train_set, optimizer, penalty, config.batch_size, batches)
            _require_finite(losses, epoch, config)
            validated = evaluate(module, *validation)
            history.append(
                {
                    "train_loss": losses[:, 0].mean().item(),
                    "penalty": losses[:, 1].mean().item(),
                    "validation_accuracy": validated.accuracy,
                    "validation_loss": validated.loss,
                }
            )
            if on_epoch is not None:
                on_epoch(epoch, history[-1])
    return history


def _run_epoch(
    module: nn.Module,
    train_set: tuple[torch.Tensor, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    penalty: Callable[[], torch.Tensor] | None,
    batch_size: int,
    batches: torch.Generator,
) -> torch.Tensor:
    """Take one step per batch; return cross-entropy and penalty of each, shape (steps, 2)."""
    device = train_set[0].device
    order = torch.randperm(len(train_set[1]), generator=batches).to(device)
    inputs, labels = train_set[0][order], train_set[1][order]
    losses = []
    for start in range(0, len(labels), batch_size):
        loss = cross_entropy(module(inputs[start : start + batch_size]), labels[start : start + batch_size])
        added = penalty() if penalty is not None else torch.zeros((), device=device)
        optimizer.zero_grad()
        (loss + added if penalty is not None else loss).backward()
        optimizer.step()
        losses.append(torch.stack([loss.detach(), added.detach()]))
    return torch.stack(losses)


def _penalty(module: nn.Module, config: TrainingConfig) -> Callable[[], torch.Tensor] | None:
    """Return what is added to the cross-entropy at every step, or none."""
    weights = kernels(module)
    clusterability = (
        ClusterabilityPenalty(module, num_eigenvalues=config.clusterability_eigenvalues)
        if config.clusterability_weight > 0
        else None
    )
    if clusterability is None and config.l1_weight == 0 and config.l2_weight == 0:
        return None

    def penalty() -> torch.Tensor:
        total = kernel_penalty(weights, l1_weight=config.l1_weight, l2_weight=config.l2_weight)
        if clusterability is not None:
            total = total + config.clusterability_weight * clusterability()
        return total

    return penalty


def _require_finite(losses: torch.Tensor, epoch: int, config: TrainingConfig) -> None:
    finite = losses.isfinite().all(dim=1)
    if not finite.all():
        step = int(finite.logical_not().nonzero()[0]) + 1
        raise TrainingError(
            f"the loss is not finite at epoch {epoch}, step {step}: "
            f"try a training.learning_rate below {config.learning_rate:g} or smaller penalty weights"
        )


def _on_device(split: Split, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    # torch.tensor copies: the arrays are read-only, and torch would warn about sharing them.
    return torch.tensor(split.inputs, device=device), torch.tensor(split.labels, device=device)
