"""From an initialised network to a trained one, and from a trained one to a pruned one."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from clusterability.config import TrialConfig
from clusterability.data import Dataset
from clusterability.models.cut import cut_masks
from clusterability.training.checkpoint import Checkpoint
from clusterability.training.cut import Cut
from clusterability.training.device import resolve_device
from clusterability.training.evaluate import evaluate
from clusterability.training.fit import DeviceData, Observer, OnEpoch, Phase, fit, steps_per_epoch
from clusterability.training.kernels import kernels
from clusterability.training.objective import penalties_of
from clusterability.training.pruning import MagnitudePruning
from clusterability.training.rescaling import UnitRescaling


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedNetwork:
    """A trained module and how it got there."""

    module: nn.Module
    """The network, on the device it was trained on, in evaluation mode."""
    history: tuple[Mapping[str, float], ...]
    """Per epoch: `train_loss` (mean cross-entropy while training, nats; squared error for regression),
    `penalty` (mean of all penalties added to it), `validation_accuracy`, `validation_loss`."""
    train_accuracy: float
    """Share of the training examples classified right after training, dropout off (regression: R^2)."""
    train_loss: float
    """Their mean cross-entropy after training, dropout off, in nats (regression: mean squared error)."""
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
    config: TrialConfig,
    device: torch.device | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoints: Path | None = None,
    observer: Observer | None = None,
) -> TrainedNetwork:
    """Fit `module` to the training set with Adam, in place, and evaluate it on all three sets.

    What is read of `config` is `training`, `penalties`, `model.cut` and `seed`. With `training.until_loss`
    the first epoch whose `train_loss` is at most that is the last. `observer` sees the network before the
    first step and after each.

    Batches follow from the seed's stream ("training", "batches") and are the same on every device; dropout
    follows from ("training", "dropout"). On the CPU the result depends on the seed and on torch's number of
    threads alone. `on_epoch` is called with the epoch, from 1, and its metrics. With a folder `checkpoints`
    the state is kept there between epochs, every half a minute, and the same call resumes from it.

    Raises:
        TrainingError: the loss of a step is not finite.
    """
    settings = config.training
    phase = Phase(name="training", epochs=settings.epochs, until_loss=settings.until_loss, observer=observer)
    return _run(module, dataset, phase, config, device, on_epoch, checkpoints)


def prune(
    network: TrainedNetwork,
    dataset: Dataset,
    config: TrialConfig,
    device: torch.device | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoints: Path | None = None,
) -> TrainedNetwork:
    """Prune a copy of a trained network by magnitude while it is trained for `training.pruning_epochs` more.

    Loss, penalties and optimiser are those of training; the optimiser starts afresh. See `MagnitudePruning`
    for the schedule. Random streams are those of the phase "pruning". `network` stays as it is. All epochs
    are run, whatever the loss.
    """
    module = copy.deepcopy(network.module)
    settings = config.training
    num_steps = settings.pruning_epochs * steps_per_epoch(len(dataset.train), settings.batch_size)
    pruning = MagnitudePruning(
        kernels(module),
        num_steps,
        initial=settings.initial_sparsity,
        final=settings.final_sparsity,
        cut=cut_masks(module, config.model.cut) if config.model.cut else None,
    )
    phase = Phase(
        name="pruning",
        epochs=settings.pruning_epochs,
        after_step=pruning.after_step,
        carrying=(pruning,),
    )
    return _run(module, dataset, phase, config, device, on_epoch, checkpoints)


def _run(
    module: nn.Module,
    dataset: Dataset,
    phase: Phase,
    config: TrialConfig,
    device: torch.device | None,
    on_epoch: OnEpoch | None,
    checkpoints: Path | None,
) -> TrainedNetwork:
    device = device or resolve_device(config.training.device)
    module.to(device)
    data = DeviceData.from_dataset(dataset, device)
    rescaling = UnitRescaling(module).before_step if config.training.rescale_units else None
    if phase.after_step is None and config.model.cut:  # pruning keeps cut weights at zero by itself
        phase = replace(phase, after_step=Cut(module, config.model.cut).after_step)
    checkpoint = Checkpoint(path=checkpoints / f"{phase.name}.pt") if checkpoints is not None else None
    with penalties_of(module, config.penalties) as penalties, _no_denormals():
        phase = replace(phase, penalties=penalties, before_step=rescaling)
        fitted = fit(module, data, phase, config.training, config.seed, on_epoch, checkpoint)
    on_train = evaluate(module, *data.train)
    return TrainedNetwork(
        module=module,
        history=fitted.history,
        train_accuracy=on_train.accuracy,
        train_loss=on_train.loss,
        validation_accuracy=evaluate(module, *data.validation).accuracy,
        test_accuracy=evaluate(module, *data.test).accuracy,
        seconds=fitted.seconds,
        device=device.type,
    )


@contextmanager
def _no_denormals() -> Iterator[None]:
    """Let this thread take numbers below 1e-38 for 0: weights under L2 end there, and slow steps down."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
