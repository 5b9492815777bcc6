"""Trial records to and from MLflow; the only room that imports it."""

from clusterability.tracking.table import SweepTable

__all__ = ["SweepTable"]
