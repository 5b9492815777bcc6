"""What is added to the loss."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from clusterability.config import TrainingConfig
from clusterability.training.edges import ContributionEdges, RawEdges
from clusterability.training.kernels import kernel_penalty, kernels
from clusterability.training.locality import ConnectionLength
from clusterability.training.modules import InterModuleShare
from clusterability.training.penalty import ClusterabilityPenalty

Penalty = Callable[[], torch.Tensor]


class Carrying(Protocol):
    """Hands something on from epoch to epoch, besides what the module and its optimiser hold."""

    def state(self) -> list[torch.Tensor]:
        """Return copies of what is handed on."""
        ...

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned, on the module's device."""
        ...


# Eigenvectors of raw weights change so little in a step that following them at every third one will do.
_FOLLOW_EVERY = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Penalties:
    """What is added to the loss at every step."""

    of_batch: tuple[Penalty, ...] = ()
    """Functions of what the network computed for the batch."""
    of_weights: tuple[Penalty, ...] = ()
    """Functions of the weights alone."""
    adding: tuple[Penalty, ...] = ()
    """Functions that, called after backward, add their gradient to that of the weights by themselves."""
    carrying: tuple[Carrying, ...] = ()
    """What a checkpoint must hold of the penalties."""

    def backward(self, loss: torch.Tensor) -> torch.Tensor:
        """Compute the gradients of `loss` and all penalties; return the penalties' sum.

        Backward runs once for the batch and once for each function of the weights: it then adds gradients up
        in place, where a single run would add them into new memory, which takes longer.
        """
        batch_values = [term() for term in self.of_batch]
        for value in batch_values:
            loss = loss + value
        loss.backward()
        weight_values = [term() for term in self.of_weights]
        for value in weight_values:
            value.backward()
        values = [value.detach() for value in (*batch_values, *weight_values)]
        values += [term() for term in self.adding]
        return torch.stack(values).sum() if values else torch.zeros_like(loss)


@contextmanager
def penalties_of(module: nn.Module, config: TrainingConfig) -> Iterator[Penalties]:
    """Give what `config` adds to the loss of `module` while it is trained.

    A penalty that is applied at every n-th step only counts n times there, so that its mean is the same.
    """
    terms, carrying = _plain_terms(module, config)
    if config.clusterability_weight == 0:
        yield Penalties(of_weights=terms, carrying=carrying)
        return
    of_weights = config.clusterability_edges == "weights"
    edges = RawEdges(module) if of_weights else ContributionEdges(module)
    penalty = ClusterabilityPenalty(
        module,
        config.clusterability_eigenvalues,
        edge_weights=edges,
        follow_every=_FOLLOW_EVERY if of_weights and config.clusterability_every == 1 else 1,
    )
    gradient = penalty.add_gradient if penalty.adds_gradients else lambda factor: factor * penalty()
    own = _Sometimes(gradient, config)
    carrying = (*carrying, penalty, own)
    if isinstance(edges, ContributionEdges):
        carrying = (*carrying, edges)
    of_batch, adding = ((), (own,)) if penalty.adds_gradients else ((own,), ())
    try:
        yield Penalties(of_batch=of_batch, of_weights=terms, adding=adding, carrying=carrying)
    finally:
        if isinstance(edges, ContributionEdges):
            edges.remove_hooks()


class _Sometimes:
    """A penalty applied at every n-th call, with n times its factor, and not in between."""

    def __init__(self, penalty: Callable[[float], torch.Tensor], config: TrainingConfig) -> None:
        self._penalty = penalty
        self._every = config.clusterability_every
        self._factor = config.clusterability_weight * config.clusterability_every
        self._calls = 0
        self._zero = torch.zeros(())

    def __call__(self) -> torch.Tensor:
        self._calls += 1
        if (self._calls - 1) % self._every:
            return self._zero
        value = self._penalty(self._factor)
        self._zero = torch.zeros_like(value.detach())
        return value

    def state(self) -> list[torch.Tensor]:
        return [torch.tensor(self._calls)]

    def restore(self, state: list[torch.Tensor]) -> None:
        self._calls = int(state[0])


def _plain_terms(
    module: nn.Module, config: TrainingConfig
) -> tuple[tuple[Penalty, ...], tuple[Carrying, ...]]:
    """Return the penalties that are functions of the weights alone, and what of them carries something on."""
    terms: list[Penalty] = []
    carrying: list[Carrying] = []
    if config.l1_weight > 0 or config.l2_weight > 0:
        weights = kernels(module)
        terms.append(lambda: kernel_penalty(weights, l1_weight=config.l1_weight, l2_weight=config.l2_weight))
    if config.locality_weight > 0:
        length = ConnectionLength(
            module, spacing=config.locality_spacing, swap_every=config.locality_swap_every
        )
        terms.append(lambda: config.locality_weight * length())
        carrying.append(length)
    if config.intra_cluster_weight > 0:
        share = InterModuleShare(module, config.intra_cluster_modules)
        terms.append(lambda: config.intra_cluster_weight * share())
    return tuple(terms), tuple(carrying)
