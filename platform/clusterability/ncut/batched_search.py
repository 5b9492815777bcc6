"""k-means and annealed local search over many graphs at once: the compiled searches in steps for a GPU.

Layers of one group share no block, so their units' attractions S = M Z do not depend on each other's labels:
one product serves the whole group, and any number of moves at once leaves the weights within clusters and
the volumes exact sums. The modularity gains of such moves add up: all that are wanted are made. The n-cut's
are coupled through the volumes: they are made in a few rounds, each judged by the volumes that the one before
has left.
"""

from dataclasses import dataclass

import torch

from clusterability.ncut.batched_graphs import Batch, Group
from clusterability.ncut.batched_random import Draws

NCUT_ROUNDS = 4
"""Rounds in which a group's units are offered moves for the n-cut; each unit is in one of them, by chance."""
MOST_COLD_SWEEPS = 100
_LEAST_GAIN = 1e-9  # of the objective; smaller ones are rounding
_LEAST_SHARE = 1e-12  # of a cluster's volume; less is rounding


def one_hot(batch: Batch, labels: torch.Tensor, num_clusters: int) -> torch.Tensor:
    """Return labels, (graphs, nodes), as (graphs, nodes, k); rows of zeros for nodes of degree 0."""
    member = torch.nn.functional.one_hot(labels.clamp_min(0), num_clusters).double()
    return member * batch.connected[:, :, None]


def kmeans(
    batch: Batch, points: torch.Tensor, num_clusters: int, iterations: int, draws: Draws
) -> torch.Tensor:
    """Return one-hot labels, (graphs, nodes, k): k-means++ (Arthur & Vassilvitskii 2007), Lloyd's steps.

    points: (graphs, nodes, dimensions); a graph has at least k connected nodes. No cluster is empty: the
    first point of each stays in it.
    """
    chosen = _plus_plus(batch, points, num_clusters, draws)
    centres = points.gather(1, chosen[:, :, None].expand(-1, -1, points.shape[2]))
    own = torch.arange(num_clusters, device=points.device).expand_as(chosen)
    member = torch.empty(0)
    for _ in range(iterations):
        labels = torch.cdist(points, centres).argmin(2).scatter(1, chosen, own)
        member = one_hot(batch, labels, num_clusters)
        centres = member.mT @ points / member.sum(1)[:, :, None]
    return member


def _plus_plus(batch: Batch, points: torch.Tensor, num_clusters: int, draws: Draws) -> torch.Tensor:
    """Return k different nodes of each graph, (graphs, k), drawn by squared distance to those before."""
    free = batch.connected.double()
    nearest = torch.ones_like(free)
    chosen = []
    for _ in range(num_clusters):
        # The largest d^2 / e, e an exponential draw, falls on each point with probability d^2 / sum of d^2.
        keys = nearest.clamp_min(1e-30) * free / -draws.uniform(free.shape[1]).log()
        chosen.append(keys.argmax(1, keepdim=True))
        free = free.scatter(1, chosen[-1], 0)
        centre = points.gather(1, chosen[-1][:, :, None].expand(-1, -1, points.shape[2]))
        squares = (points - centre).square().sum(2)
        nearest = squares if len(chosen) == 1 else nearest.minimum(squares)
    return torch.cat(chosen, 1)


def anneal(
    batch: Batch, member: torch.Tensor, by_volume: bool, heat: float, num_sweeps: int, draws: Draws
) -> None:
    """Improve one-hot labels in place: sweeps at falling temperature, then descent to a local optimum.

    Arguments and temperature as in `anneal_layered`. A graph whose descent has ended takes no part in the
    sweeps that others still need.
    """
    num_rounds = 1 if by_volume else NCUT_ROUNDS
    clusters = _Clusters(
        member=member,
        within=(batch.products(member) * member).sum(1),
        volume=(batch.degrees * member).sum(1),
        by_volume=by_volume,
    )
    warmth = heat * (1 if by_volume else member.shape[2]) / batch.connected.sum(1, keepdim=True)
    active = torch.ones_like(warmth, dtype=torch.bool)
    for sweep in range(num_sweeps + MOST_COLD_SWEEPS):
        temperature = warmth * (1 - sweep / num_sweeps) if sweep < num_sweeps else None
        moved = torch.zeros_like(active)
        for group in batch.groups:
            attraction = batch.product(group, member)
            turn = (draws.uniform(group.num_nodes) * num_rounds).long() if num_rounds > 1 else None
            for index in range(num_rounds):
                offered = active if turn is None else active & (turn == index)
                least = _LEAST_GAIN
                if temperature is not None:
                    least = temperature * draws.uniform(group.num_nodes).log()
                moved |= _move(batch, group, clusters, attraction, offered, least)
        if temperature is None:
            active &= moved
            if not active.any():
                break


@dataclass(kw_only=True, slots=True)
class _Clusters:
    """The clusters as the moves leave them."""

    member: torch.Tensor
    within: torch.Tensor
    volume: torch.Tensor
    by_volume: bool


def _move(
    batch: Batch,
    group: Group,
    clusters: _Clusters,
    attraction: torch.Tensor,
    offered: torch.Tensor,
    least: torch.Tensor | float,
) -> torch.Tensor:
    """Move the offered units of a group that gain more than `least`; return whether any did, (graphs, 1)."""
    own, degrees = clusters.member[:, group.nodes], batch.degrees[:, group.nodes]
    gain, target = _best_gains(clusters, own, degrees, attraction)
    leaving = own * ((gain > least) & offered)[:, :, None]
    leaving = leaving * _may_leave(clusters, leaving, degrees, gain)
    moving = leaving.sum(2, keepdim=True)
    change = torch.zeros_like(own).scatter_(2, target[:, :, None], moving) - leaving
    clusters.within += 2 * (attraction * change).sum(1)
    clusters.volume += (degrees * change).sum(1)
    clusters.member[:, group.nodes] += change
    return moving.sum(1) > 0


def _best_gains(
    clusters: _Clusters, own: torch.Tensor, degrees: torch.Tensor, attraction: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what each unit's best move gains and the cluster that it joins, both (graphs, units)."""
    if clusters.by_volume:
        joined = attraction * (2 / clusters.volume.sum(1))[:, None, None]
        left = -(joined * own).sum(2)
    else:
        within, volume = clusters.within[:, None], clusters.volume[:, None]
        joined = (within + 2 * attraction) / (volume + degrees) - within / volume
        # NaN for isolated units, and for the only one of a cluster: no move.
        own_within, own_volume = own @ clusters.within[:, :, None], own @ clusters.volume[:, :, None]
        own_attraction = (attraction * own).sum(2, keepdim=True)
        left = (own_within - 2 * own_attraction) / (own_volume - degrees) - own_within / own_volume
        left = left[:, :, 0]
    best, target = joined.masked_fill(own > 0, -torch.inf).max(2)
    return best + left, target


def _may_leave(
    clusters: _Clusters, leaving: torch.Tensor, degrees: torch.Tensor, gain: torch.Tensor
) -> torch.Tensor:
    """Return 1 where a unit may leave its cluster, else 0, (graphs, units, k).

    Of units that would empty a cluster the one that gains least stays; nobody leaves where what would be left
    of the cluster's volume is rounding.
    """
    emptied = _left(clusters, leaving, degrees)
    staying = torch.where(leaving > 0, gain[:, :, None], torch.inf).argmin(1, keepdim=True)
    may_leave = torch.ones_like(leaving).scatter_(1, staying, 1 - emptied.double())
    return may_leave * ~_left(clusters, leaving * may_leave, degrees)


def _left(clusters: _Clusters, leaving: torch.Tensor, degrees: torch.Tensor) -> torch.Tensor:
    """Return whether as good as nothing would be left of each cluster, (graphs, 1, k)."""
    left = clusters.volume - (degrees * leaving).sum(1)
    return (left <= _LEAST_SHARE * clusters.volume)[:, None]
