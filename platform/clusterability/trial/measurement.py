"""What is measured of a trained network: the n-cuts of two graphs, and how far they are from chance."""

from typing import Any

import torch
from torch import nn

from clusterability.config import TrialConfig
from clusterability.errors import GraphError
from clusterability.graph import WeightGraph
from clusterability.measurement.connection_length import connection_length
from clusterability.measurement.intra_cluster_share import intra_cluster_share
from clusterability.ncut import measure_ncut
from clusterability.nulls import null_test
from clusterability.record import NullTest

CONTRIBUTION_EXAMPLES = 10_000  # the spread of activations is then known to about 1 %


class Measurement:
    """Metrics, null tests and notes of one network, collected as they become known."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.null_tests: dict[str, NullTest] = {}
        self.notes: list[str] = []

    def measure(self, config: TrialConfig, module: nn.Module, inputs: Any, prefix: str = "") -> None:
        """Measure the weight graph of `module`, then its contribution graph over `inputs`, (n, *input_shape).

        Names get `prefix`. A contribution graph that cannot be measured, say because hardly any unit is
        alive, is a note; anything else that cannot be measured raises a ClusterabilityError.
        """
        graph = WeightGraph.from_module(module)
        self._measure_weights(config, graph, prefix)
        try:
            examples = torch.tensor(inputs[:CONTRIBUTION_EXAMPLES])
            contributions = WeightGraph.from_module(module, examples, weighting="contribution")
            self._measure_contributions(config, contributions, prefix)
        except GraphError as problem:
            self.notes.append(f"{prefix}contribution graph: {problem}")

    def _measure_weights(self, config: TrialConfig, graph: WeightGraph, prefix: str) -> None:
        for estimator in ("spectral", "refined"):
            result = measure_ncut(graph, config.ncut.num_clusters, estimator, config.seed)
            self._keep(prefix, {f"ncut_{estimator}": result.value})
            if estimator != config.ncut.estimator:
                continue
            self._keep(
                prefix,
                {
                    "ncut": result.value,
                    "ncut_lower_bound": result.lower_bound,
                    "modularity": result.modularity,
                    "effective_clusters": result.effective_clusters,
                    "intra_cluster_share": intra_cluster_share(graph, result.labels),
                    "connection_length": connection_length(graph),
                    "num_isolated": graph.num_isolated,
                    "num_components": result.num_components,
                },
            )
        self._test(config, graph, prefix, "weights", "")

    def _measure_contributions(self, config: TrialConfig, graph: WeightGraph, prefix: str) -> None:
        result = measure_ncut(graph, config.ncut.num_clusters, config.ncut.estimator, config.seed)
        self._keep(
            prefix,
            {
                "ncut_contribution": result.value,
                "effective_clusters_contribution": result.effective_clusters,
                "num_isolated_contribution": graph.num_isolated,
            },
        )
        if config.nulls.test_contribution:
            self._test(config, graph, prefix, "contribution", "_contribution")

    def _test(self, config: TrialConfig, graph: WeightGraph, prefix: str, tested: str, suffix: str) -> None:
        test = null_test(
            graph,
            null=config.nulls.null,
            num_shuffles=config.nulls.num_shuffles,
            num_clusters=config.ncut.num_clusters,
            estimator=config.ncut.estimator,
            seed=config.seed,
        )
        self.null_tests[prefix + tested] = test
        values = {
            "null_mean": test.mean,
            "null_sd": test.sd,
            "z_score": test.z_score,
            "p_value": test.p_value,
        }
        self._keep(prefix, {name + suffix: value for name, value in values.items()})

    def _keep(self, prefix: str, values: dict[str, float | None]) -> None:
        self.metrics |= {prefix + name: float(value) for name, value in values.items() if value is not None}
