"""A trained network as it is measured: what metrics of the table, and your own, are given."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from torch import nn

from clusterability.config import TrialConfig
from clusterability.data import Dataset
from clusterability.graph import WeightGraph
from clusterability.graph.from_module import TracedModule
from clusterability.lesions import LesionTest
from clusterability.lesions.plan import LesionPlan
from clusterability.lesions.significance import lesion_test_of
from clusterability.measurement.lesion_examples import lesion_examples
from clusterability.measurement.measured_graph import MeasuredGraph
from clusterability.nulls.plan import NullTestPlan

CONTRIBUTION_EXAMPLES = 10_000  # the spread of activations is then known to about 1 %


class MeasuredNetwork:
    """A module, the data it was trained on, and its graphs; each part is computed on first use and kept."""

    def __init__(
        self,
        module: nn.Module,
        dataset: Dataset,
        config: TrialConfig,
        num_examples: int = CONTRIBUTION_EXAMPLES,
    ) -> None:
        """Take a module, and of how many training examples contributions are; nothing is computed yet."""
        self.module = module
        """The network, in evaluation mode, on the device it was trained on."""
        self.dataset = dataset
        """Its data, `train`, `validation` and `test`, each with `inputs` and `labels`."""
        self.config = config
        """The trial's configuration."""
        self._num_examples = num_examples

    @cached_property
    def graph(self) -> WeightGraph:
        """The weight graph.

        Raises:
            GraphError: a module that cannot be read as one.
        """
        return WeightGraph.from_reading(self._traced.reading("weights"))

    @cached_property
    def weights(self) -> MeasuredGraph:
        """The weight graph with its partitions and its null tests."""
        return MeasuredGraph(self.graph, self._plan, self.config.nulls.null, self.config.nulls.verdict)

    @cached_property
    def contribution(self) -> MeasuredGraph:
        """The same of the contribution graph, over the first 10,000 training examples (or `num_examples`).

        Raises:
            GraphError: hardly any unit is alive, or activations are not finite.
        """
        examples = torch.tensor(self.dataset.train.inputs[: self._num_examples])
        graph = WeightGraph.from_reading(self._traced.reading("contribution", examples))
        nulls = self.config.nulls
        if not nulls.test_contribution:
            return MeasuredGraph(graph, self._plan)
        return MeasuredGraph(graph, self._plan, nulls.null, nulls.verdict)

    @cached_property
    def lesions(self) -> LesionTest | None:
        """Lesions of the clusters of layered modularity on contributions; None: not asked for.

        Pairs of clusters are lesioned as well where the configuration asks for them.

        Raises:
            ClusterabilityError: contributions cannot be measured, or units not be lesioned.
        """
        return self._lesion_test(lambda: self.contribution.modularity.labels, self.config.lesions.double)

    @cached_property
    def ncut_lesions(self) -> LesionTest | None:
        """The same of the clusters of the n-cut on contributions."""
        return self._lesion_test(lambda: self.contribution.partition.labels)

    def lesions_at_k(self, num_examples: int) -> LesionTest:
        """Lesions of the k clusters of layered modularity on contributions, beside one random set each."""
        plan = LesionPlan(num_random=1, seed=self.config.seed, ablation=self.config.lesions.ablation)
        return self._lesioned(self.contribution.modularity_at_k.labels, plan, num_examples)

    def _lesion_test(self, labels: Callable[[], np.ndarray], double: bool = False) -> LesionTest | None:
        config = self.config.lesions
        if config.num_random == 0:
            return None
        plan = LesionPlan(
            num_random=config.num_random, seed=self.config.seed, ablation=config.ablation, double=double
        )
        return self._lesioned(labels(), plan, config.num_examples)

    def _lesioned(self, labels: np.ndarray, plan: LesionPlan, num_examples: int) -> LesionTest:
        validation = self.dataset.validation
        chosen = lesion_examples(len(validation), num_examples, self.config.seed)
        means_over = self.dataset.train.inputs[: self._num_examples] if plan.ablation == "mean" else None
        data = (validation.inputs[chosen], validation.labels[chosen], means_over)
        return lesion_test_of(self._traced, self.contribution.graph, labels, data, plan)

    @cached_property
    def _traced(self) -> TracedModule:
        return TracedModule(self.module, inputs=self.dataset.train.inputs[:1])

    @property
    def _plan(self) -> NullTestPlan:
        config = self.config
        return NullTestPlan(
            num_shuffles=config.nulls.num_shuffles,
            num_clusters=config.ncut.num_clusters,
            estimator=config.ncut.estimator,
            seed=config.seed,
        )
