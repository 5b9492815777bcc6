"""What a lesion test is asked to do."""

from dataclasses import dataclass
from typing import get_args

from clusterability.config import Ablation
from clusterability.errors import LesionError, unknown_name

MOST_RANDOM_PAIRS = 20
"""Random partitions that double lesions are compared with, at most: each costs one run per pair."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LesionPlan:
    """How units are lesioned and what with; see `lesion_test`."""

    num_random: int = 50
    """Random partitions m of the hidden units, matched to the clusters in units per layer."""
    seed: int = 0
    """Seed of the random partitions."""
    ablation: Ablation = "zero"
    """What takes the place of a lesioned unit's activation: 0, or its mean."""
    double: bool = False
    """Whether pairs of clusters are lesioned together as well."""

    def __post_init__(self) -> None:
        if self.num_random < 1:
            raise LesionError(f"num_random: got {self.num_random}, allowed: 1 or more")
        if self.ablation not in get_args(Ablation):
            raise LesionError(unknown_name("ablation", self.ablation, get_args(Ablation)))

    @property
    def num_random_pairs(self) -> int:
        """Random partitions that double lesions are compared with."""
        return min(self.num_random, MOST_RANDOM_PAIRS)
