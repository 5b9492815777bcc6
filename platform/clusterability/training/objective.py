"""What is added to the cross-entropy."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from clusterability.config import TrainingConfig
from clusterability.training.edges import ContributionEdges, RawEdges
from clusterability.training.kernels import kernel_penalty, kernels
from clusterability.training.locality import ConnectionLength
from clusterability.training.modules import InterModuleShare
from clusterability.training.penalty import ClusterabilityPenalty

Penalty = Callable[[], torch.Tensor]

# Eigenvectors of raw weights change so little in a step that following them at every other one will do.
_FOLLOW_EVERY = 2


@contextmanager
def penalty_of(module: nn.Module, config: TrainingConfig) -> Iterator[Penalty | None]:
    """Give what `config` adds to the cross-entropy of `module` at every step, or none, while it is trained.

    A penalty that is applied at every n-th step only counts n times there, so that its mean is the same.
    """
    terms = _plain_terms(module, config)
    edges: RawEdges | ContributionEdges | None = None
    if config.clusterability_weight > 0:
        weigh = {"weights": RawEdges, "contribution": ContributionEdges}[config.clusterability_edges]
        edges = weigh(module)
        penalty = ClusterabilityPenalty(
            module,
            config.clusterability_eigenvalues,
            edge_weights=edges,
            follow_every=_FOLLOW_EVERY if isinstance(edges, RawEdges) else 1,
        )
        factor = config.clusterability_weight * config.clusterability_every
        zero = torch.zeros((), device=next(module.parameters()).device)
        steps = itertools.count()
        terms.append(lambda: zero if next(steps) % config.clusterability_every else factor * penalty())
    try:
        yield (lambda: torch.stack([term() for term in terms]).sum()) if terms else None
    finally:
        if isinstance(edges, ContributionEdges):
            edges.remove_hooks()


def _plain_terms(module: nn.Module, config: TrainingConfig) -> list[Penalty]:
    """Return the penalties that are functions of the weights alone."""
    terms: list[Penalty] = []
    if config.l1_weight > 0 or config.l2_weight > 0:
        weights = kernels(module)
        terms.append(lambda: kernel_penalty(weights, l1_weight=config.l1_weight, l2_weight=config.l2_weight))
    if config.locality_weight > 0:
        length = ConnectionLength(
            module, spacing=config.locality_spacing, swap_every=config.locality_swap_every
        )
        terms.append(lambda: config.locality_weight * length())
    if config.intra_cluster_weight > 0:
        share = InterModuleShare(module, config.intra_cluster_modules)
        terms.append(lambda: config.intra_cluster_weight * share())
    return terms
