"""A lab's own network, data, penalty, null and metric, for sweeps (docs/extending.md)."""
