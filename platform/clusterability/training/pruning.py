"""Magnitude pruning on a polynomial schedule."""

from collections.abc import Sequence

import torch

_STEPS_BETWEEN_MASKS = 10


class MagnitudePruning:
    """Sets the smallest weights of each kernel to zero, more of them as fine-tuning goes on.

    After step t of T the sparsity is s(t) = final + (initial - final) (1 - t / T)^3 (Zhu & Gupta 2017, "To
    prune, or not to prune"; the paper: from 0.5 to 0.9). Each kernel loses the floor(s * size) weights of the
    smallest magnitude; which these are is settled again every 10 steps and at the last, and after every step
    they are set to zero. Biases are not pruned. Weights that are cut (`cut_masks`) stay zero and do not
    count: neither as pruned nor in the kernel's size.
    """

    def __init__(
        self,
        weights: Sequence[torch.Tensor],
        num_steps: int,
        *,
        initial: float,
        final: float,
        cut: Sequence[torch.Tensor] | None = None,
    ) -> None:
        """Take the kernels and, of a network that is cut, for each 1 where there is a weight, else 0."""
        self._weights = weights
        self._cut = cut if cut is not None else [torch.ones_like(weight) for weight in weights]
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
            pairs = zip(self._weights, self._cut, strict=True)
            self._masks = [_largest(weight, there, 1 - sparsity) for weight, there in pairs]
        for weight, mask in zip(self._weights, self._masks, strict=True):
            weight.mul_(mask)


def _largest(weight: torch.Tensor, there: torch.Tensor, share: float) -> torch.Tensor:
    """Return 1 for the largest magnitudes, of which all but floor((1 - share) size) are kept, else 0.

    Weights that are not `there` (0) do not count in the size and are not kept.
    """
    kept = there.flatten().clone()
    magnitudes = weight.abs().flatten().masked_fill(kept == 0, torch.inf)
    num_pruned = int((1 - share) * int(kept.sum()) + 1e-9)
    kept[magnitudes.topk(num_pruned, largest=False).indices] = 0
    return kept.view_as(weight)
