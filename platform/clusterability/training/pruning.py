"""Magnitude pruning on a polynomial schedule."""

from collections.abc import Sequence

import torch

_STEPS_BETWEEN_MASKS = 10


class MagnitudePruning:
    """Sets the smallest weights of each kernel to zero, more of them as fine-tuning goes on.

    After step t of T the sparsity is s(t) = final + (initial - final) (1 - t / T)^3 (Zhu & Gupta 2017, "To
    prune, or not to prune"; the paper: from 0.5 to 0.9). Each kernel loses the floor(s * size) weights of the
    smallest magnitude; which these are is settled again every 10 steps and at the last, and after every step
    they are set to zero. Biases are not pruned.
    """

    def __init__(
        self, weights: Sequence[torch.Tensor], num_steps: int, *, initial: float, final: float
    ) -> None:
        self._weights = weights
        self._num_steps = num_steps
        self._initial = initial
        self._final = final
        self._masks: list[torch.Tensor] = []

    def sparsity(self, step: int) -> float:
        """Return the share of weights that are zero after `step`."""
        left = 1 - step / self._num_steps
        return self._final + (self._initial - self._final) * left**3

    def state(self) -> list[torch.Tensor]:
        """Return 1 for every weight that is kept, else 0, kernel by kernel."""
        return self._masks

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned."""
        self._masks = state

    @torch.no_grad()
    def after_step(self, step: int) -> None:
        """Prune after the optimiser's step number `step`, from 1."""
        if not self._masks or step % _STEPS_BETWEEN_MASKS == 0 or step == self._num_steps:
            sparsity = self.sparsity(step)
            self._masks = [_largest(weight, 1 - sparsity) for weight in self._weights]
        for weight, mask in zip(self._weights, self._masks, strict=True):
            weight.mul_(mask)


def _largest(weight: torch.Tensor, share: float) -> torch.Tensor:
    """Return 1 for the largest magnitudes, of which all but floor((1 - share) size) are kept, else 0."""
    magnitudes = weight.abs().flatten()
    num_pruned = int((1 - share) * magnitudes.numel() + 1e-9)
    mask = torch.ones_like(magnitudes)
    mask[magnitudes.topk(num_pruned, largest=False).indices] = 0
    return mask.view_as(weight)
