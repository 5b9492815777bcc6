"""Spike counts of a made-up population of cells that prefer one of several stimuli."""

import numpy as np


def spikes(cells: int = 20, stimuli: int = 4, trials: int = 600) -> dict[str, np.ndarray]:
    """Return counts, (trials, cells), and the stimulus of each trial; a quarter of the trials are test."""
    rng = np.random.default_rng(0)
    preferred = np.arange(cells) % stimuli
    labels = rng.integers(stimuli, size=trials)
    rates = np.where(labels[:, None] == preferred, 4.0, 1.0)
    counts = rng.poisson(rates).astype(np.float32)
    test = trials // 4
    return {
        "train_inputs": counts[test:],
        "train_labels": labels[test:],
        "test_inputs": counts[:test],
        "test_labels": labels[:test],
    }
