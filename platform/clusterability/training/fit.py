"""The bare loop: batches, steps, epochs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import nn

from clusterability.config import TrainingConfig
from clusterability.data import Dataset, Split
from clusterability.errors import TrainingError, first_line
from clusterability.seeds import integer_seed
from clusterability.training.checkpoint import Checkpoint, State
from clusterability.training.evaluate import evaluate, loss_of
from clusterability.training.objective import Penalties
from clusterability.training.penalties.term import Carrying

ADAM_EPSILON = 1e-7  # Keras's default, which the paper trained with

OnEpoch = Callable[[int, Mapping[str, float]], None]
Examples = tuple[torch.Tensor, torch.Tensor]


class Observer(Carrying, Protocol):
    """Looks at a network from time to time while it is trained, and leaves it as it is."""

    def observe(self, module: nn.Module, step: int, steps_per_epoch: int) -> None:
        """Look at the network after so many steps, 0 of them first."""
        ...

    def observe_last(self, module: nn.Module, step: int, steps_per_epoch: int) -> None:
        """Look at the network when it is trained, unless that has been done at this step."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceData:
    """Inputs and labels of the three sets, on the device."""

    train: Examples
    validation: Examples
    test: Examples

    @classmethod
    def from_dataset(cls, dataset: Dataset, device: torch.device) -> "DeviceData":
        """Copy `dataset` to the device."""
        sets = (_on_device(split, device) for split in (dataset.train, dataset.validation, dataset.test))
        train, validation, test = sets
        return cls(train=train, validation=validation, test=test)


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """What distinguishes one run of the loop, such as training or fine-tuning, from another."""

    name: str
    """Names the phase's random streams: (name, "batches") and (name, "dropout")."""
    epochs: int
    """Passes over the training set, at most."""
    until_loss: float | None = None
    """Mean loss of an epoch's batches, penalties aside, at which the phase ends; none: after all epochs."""
    penalties: Penalties = field(default_factory=Penalties)
    """Added to the loss at every step."""
    before_step: Callable[[torch.optim.Optimizer], None] | None = None
    """Called before the network sees a batch."""
    after_step: Callable[[int], None] | None = None
    """Called after a step with its number, from 1, over all epochs."""
    observer: Observer | None = None
    """Looks at the network before the first step and after each."""
    carrying: tuple[Carrying, ...] = ()
    """What a checkpoint must hold of the above."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """How a phase went."""

    history: tuple[Mapping[str, float], ...]
    """Metrics of each epoch."""
    seconds: float
    """Wall-clock time, evaluation after each epoch included, over all sessions that it took."""


def fit(
    module: nn.Module,
    data: DeviceData,
    phase: Phase,
    config: TrainingConfig,
    seed: int,
    on_epoch: OnEpoch | None = None,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """Run a phase on `module`, in place, with a fresh Adam, or resume from its checkpoint.

    Batches are the same on every device, and the result is the same whether or not the phase was interrupted.
    Raises TrainingError when the loss of a step is not finite.
    """
    started = time.perf_counter()
    device = data.train[0].device
    run = _Run(module, phase, config, seed, data.train)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(integer_seed(seed, phase.name, "dropout"))
        kept = checkpoint.load() if checkpoint is not None else None
        if kept is not None:
            run.restore(kept)
        before = run.seconds
        if not run.history:
            run.observe(0)
        while not run.is_done:
            epoch = len(run.history) + 1
            losses = run.epoch(data.train, epoch)
            _require_finite(losses, epoch, config)
            validated = evaluate(module, *data.validation)
            run.history.append(
                {
                    "train_loss": losses[:, 0].mean().item(),
                    "penalty": losses[:, 1].mean().item(),
                    "validation_accuracy": validated.accuracy,
                    "validation_loss": validated.loss,
                }
            )
            if on_epoch is not None:
                on_epoch(epoch, run.history[-1])
            run.seconds = before + time.perf_counter() - started
            if checkpoint is not None:
                checkpoint.offer(run.state)
        run.observe_last()
        run.seconds = before + time.perf_counter() - started
    module.eval()
    return Fitted(history=tuple(run.history), seconds=run.seconds)


class _Run:
    """What changes while a phase runs, and how to take an epoch further."""

    def __init__(
        self, module: nn.Module, phase: Phase, config: TrainingConfig, seed: int, examples: Examples
    ) -> None:
        self.module, self.phase, self.config, self.device = module, phase, config, examples[0].device
        self.optimizer = torch.optim.Adam(
            module.parameters(), lr=config.learning_rate, eps=ADAM_EPSILON, fused=True
        )
        self.batches = torch.Generator().manual_seed(integer_seed(seed, phase.name, "batches"))
        self.history: list[Mapping[str, float]] = []
        self.seconds = 0.0
        observers = (phase.observer,) if phase.observer is not None else ()
        self.carrying = (*phase.carrying, *phase.penalties.carrying, *observers)
        self.num_steps = steps_per_epoch(len(examples[1]), config.batch_size)
        """Steps of an epoch."""

    @property
    def is_done(self) -> bool:
        """Whether all epochs are over, or the last one's loss is as low as the phase is to bring it."""
        until, last = self.phase.until_loss, self.history[-1:]
        low = until is not None and any(epoch["train_loss"] <= until for epoch in last)
        return low or len(self.history) >= self.phase.epochs

    def observe(self, step: int) -> None:
        """Let the observer see the network after `step` steps, where there is one."""
        if self.phase.observer is not None:
            self.phase.observer.observe(self.module, step, self.num_steps)

    def observe_last(self) -> None:
        """Let the observer see the trained network."""
        if self.phase.observer is not None:
            last = len(self.history) * self.num_steps
            self.phase.observer.observe_last(self.module, last, self.num_steps)

    def state(self) -> State:
        """Return all that the next epoch depends on, in tensors and plain values."""
        return {
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.get_state(),
            "dropout": _dropout_generator(self.device).get_state(),
            "carried": [carrying.state() for carrying in self.carrying],
            "history": self.history,
            "seconds": self.seconds,
        }

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.batches.set_state(state["batches"])
        _dropout_generator(self.device).set_state(state["dropout"])
        for carrying, carried in zip(self.carrying, state["carried"], strict=True):
            carrying.restore([tensor.to(self.device) for tensor in carried])
        self.history, self.seconds = list(state["history"]), state["seconds"]

    def epoch(self, examples: Examples, number: int) -> torch.Tensor:
        """Take one step per batch; return loss and penalty of each, shape (steps, 2)."""
        self.module.train()
        order = torch.randperm(len(examples[1]), generator=self.batches).to(self.device)
        try:
            return self._steps(examples, order, number)
        except torch.linalg.LinAlgError as error:  # pyright: ignore[reportPrivateImportUsage]
            # The penalty's: most likely the weights are not finite.
            raise TrainingError(
                f"the penalty's eigensolver failed in epoch {number} ({first_line(error)[:80]}): "
                f"{_advice(self.config)}"
            ) from error

    def _steps(self, examples: Examples, order: torch.Tensor, epoch: int) -> torch.Tensor:
        # Examples are gathered batch by batch: permuting a whole epoch means touching new memory of its size.
        inputs, labels = examples
        batch_size, phase, num_steps = self.config.batch_size, self.phase, self.num_steps
        losses = torch.zeros(num_steps, 2, device=labels.device)
        for step in range(num_steps):
            batch = order[step * batch_size : (step + 1) * batch_size]
            if phase.before_step is not None:
                phase.before_step(self.optimizer)
            self.optimizer.zero_grad()
            loss = loss_of(self.module(inputs[batch]), labels[batch])
            losses[step, 0] = loss.detach()
            losses[step, 1] = phase.penalties.backward(loss)
            self.optimizer.step()
            number = (epoch - 1) * num_steps + step + 1
            if phase.after_step is not None:
                phase.after_step(number)
            self.observe(number)
        return losses


def _dropout_generator(device: torch.device) -> torch.Generator:
    """Return the generator that layers of a module on this device draw from."""
    return (
        torch.cuda.default_generators[device.index or 0] if device.type == "cuda" else torch.default_generator
    )


def steps_per_epoch(num_examples: int, batch_size: int) -> int:
    """Return the batches of an epoch; a last one of a single example, useless to batch norm, is left out."""
    return max(1, -(-(num_examples - 1) // batch_size))


def _require_finite(losses: torch.Tensor, epoch: int, config: TrainingConfig) -> None:
    finite = losses.isfinite().all(dim=1)
    if not finite.all():
        step = int(finite.logical_not().nonzero()[0]) + 1
        raise TrainingError(f"the loss is not finite at epoch {epoch}, step {step}: {_advice(config)}")


def _advice(config: TrainingConfig) -> str:
    return f"try a training.learning_rate below {config.learning_rate:g} or smaller penalty weights"


def _on_device(split: Split, device: torch.device) -> Examples:
    # torch.tensor copies: the arrays are read-only, and torch would warn about sharing them.
    return torch.tensor(split.inputs, device=device), torch.tensor(split.labels, device=device)
