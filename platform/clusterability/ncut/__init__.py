"""n-cut of weight graphs: spectral embedding, partition, bounds."""

from clusterability.ncut.measure import measure_ncut, measure_ncuts
from clusterability.ncut.result import NcutResult

__all__ = ["NcutResult", "measure_ncut", "measure_ncuts"]
