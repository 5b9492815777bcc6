"""n-cut of weight graphs: spectral embedding, partition, bounds."""

from clusterability.ncut.measure import measure_ncut, measure_ncuts
from clusterability.ncut.prepared import Prepared, prepare
from clusterability.ncut.result import NcutResult, Partition

__all__ = ["NcutResult", "Partition", "Prepared", "measure_ncut", "measure_ncuts", "prepare"]
