"""Random numbers for many graphs at once, the same on every device whatever graphs are beside."""

import numpy as np
import torch

_GOLDEN = 0x9E3779B97F4A7C15
_OTHER = 0xD1342543DE82EF95  # another odd number, so that starts are no streams of each other
_STAGE = 1 << 32  # streams of one stage of a search


class Draws:
    """Uniform numbers of one stage of a search: SplitMix64 of a graph's seed, the stream and the place.

    Steele, Lea & Flood 2014. Each call takes the stage's next stream.
    """

    def __init__(self, seeds: torch.Tensor, stage: int) -> None:
        """Take seeds of shape (graphs,), int64, and the stage's number, which no other stage may have."""
        self._seeds, self._stream = seeds, stage * _STAGE

    def uniform(self, *shape: int) -> torch.Tensor:
        """Return numbers in (0, 1), shape (graphs, *shape), float64."""
        self._stream += 1
        place = torch.arange(torch.Size(shape).numel(), device=self._seeds.device)
        bits = _mixed(self._seeds[:, None] + _as_signed(_GOLDEN * self._stream))
        bits = _mixed(bits + place * _as_signed(_GOLDEN))
        numbers = (((bits >> 11) & ((1 << 52) - 1)).double() + 0.5) / (1 << 52)
        return numbers.view(-1, *shape)


def seeds_of_starts(seeds: np.ndarray, num_starts: int) -> np.ndarray:
    """Return a seed for each start of each graph, (graphs * num_starts,), graph after graph."""
    starts = torch.arange(num_starts) * _as_signed(_OTHER)
    return _mixed(torch.as_tensor(seeds)[:, None] + starts).flatten().numpy()


def _mixed(bits: torch.Tensor) -> torch.Tensor:
    bits = (bits ^ (bits >> 30)) * _as_signed(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> 27)) * _as_signed(0x94D049BB133111EB)
    return bits ^ (bits >> 31)


def _as_signed(number: int) -> int:
    number %= 1 << 64
    return number - (1 << 64) if number >= 1 << 63 else number
