"""Checkpoints between epochs: training that was interrupted resumes from the last one kept."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from clusterability.files import written_whole

SECONDS_BETWEEN = 30.0
"""No more often than this: the time lost is then less than that of an epoch and half a minute."""

State = Mapping[str, Any]


@dataclass(kw_only=True, slots=True)
class Checkpoint:
    """The state of one phase of training, in one file that is replaced whole."""

    path: Path
    _last: float = field(default_factory=time.monotonic)

    def load(self) -> State | None:
        """Return the state kept last, on the CPU; None where there is none, or none that can be read.

        Tensors and plain values only are loaded: no code in the file is run.
        """
        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception:  # what a damaged file raises has no common name; the phase then starts over
            return None

    def offer(self, state: Callable[[], State]) -> None:
        """Keep the state unless one was kept a moment ago. A disk that is full costs the checkpoint only."""
        if time.monotonic() - self._last < SECONDS_BETWEEN:
            return
        # torch's writer raises RuntimeError where a file cannot be written.
        with suppress(OSError, RuntimeError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(self.path) as draft:
                torch.save(dict(state()), draft)
        self._last = time.monotonic()
