"""Do trained neural networks fall apart into clusters of neurons?

Weight graphs of networks, their n-cut, null tests, penalties, and sweeps over all of them.
Filan et al. 2021, "Clusterability in Neural Networks", arXiv 2103.03386.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusterability.graph import WeightGraph
    from clusterability.lesions import LesionTest, lesion_test
    from clusterability.ncut import (
        ModularityResult,
        NcutResult,
        measure_modularity,
        measure_ncut,
        measure_stability,
    )
    from clusterability.nulls import null_test
    from clusterability.record import NullTest
    from clusterability.training.penalties._eigenvalues import ClusterabilityPenalty

# Loaded on first use: `clusterability --help` should not wait seconds for torch and numba.
_HOMES = {
    "WeightGraph": "clusterability.graph",
    "NcutResult": "clusterability.ncut",
    "ModularityResult": "clusterability.ncut",
    "LesionTest": "clusterability.lesions",
    "lesion_test": "clusterability.lesions",
    "measure_modularity": "clusterability.ncut",
    "measure_ncut": "clusterability.ncut",
    "measure_stability": "clusterability.ncut",
    "null_test": "clusterability.nulls",
    "NullTest": "clusterability.record",
    "ClusterabilityPenalty": "clusterability.training.penalties._eigenvalues",
}

__all__ = [
    "ClusterabilityPenalty",
    "LesionTest",
    "ModularityResult",
    "NcutResult",
    "NullTest",
    "WeightGraph",
    "lesion_test",
    "measure_modularity",
    "measure_ncut",
    "measure_stability",
    "null_test",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clusterability' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
