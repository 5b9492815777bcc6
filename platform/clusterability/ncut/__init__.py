"""n-cut and layered modularity of weight graphs: embedding, partition, bounds."""

from clusterability.ncut.measure import measure_ncut, measure_ncuts
from clusterability.ncut.modularity import ModularityResult, measure_modularity
from clusterability.ncut.prepared import Prepared, prepare
from clusterability.ncut.result import NcutResult, Partition
from clusterability.ncut.stability import measure_stability

__all__ = [
    "ModularityResult",
    "NcutResult",
    "Partition",
    "Prepared",
    "measure_modularity",
    "measure_ncut",
    "measure_ncuts",
    "measure_stability",
    "prepare",
]
