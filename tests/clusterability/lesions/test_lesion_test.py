"""Random sets, what stays as it was, and what is refused."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from clusterability import WeightGraph, lesion_test
from clusterability.config import DatasetConfig
from clusterability.data import load_dataset
from clusterability.errors import ClusterabilityError
from clusterability.graph.from_module import TracedModule
from clusterability.lesions.plan import LesionPlan
from clusterability.lesions.random_partitions import random_partitions
from clusterability.lesions.result import Comparison
from clusterability.lesions.significance import lesion_test_of


def small(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 3))


def data(count=60):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 6, generator=generator), torch.randint(3, (count,), generator=generator)


def some_labels(graph, num_clusters=3):
    return np.random.default_rng(0).integers(0, num_clusters, graph.num_nodes)


def test_random_sets_match_the_clusters_in_every_layer_and_are_disjoint():
    layer_of = np.repeat([0, 1, 2], [5, 8, 3])
    sets = np.zeros((3, 16), dtype=bool)
    sets[0, [0, 1, 6]], sets[1, [2, 7, 8, 13, 14]] = True, True
    drawn = random_partitions(sets, layer_of, 400, seed=0)
    assert drawn.sum(axis=1).max() == 1
    for layer in range(3):
        expected = np.broadcast_to(sets[:, layer_of == layer].sum(axis=1), (400, 3))
        np.testing.assert_array_equal(drawn[:, :, layer_of == layer].sum(axis=2), expected)
    share = drawn.mean(axis=0)
    np.testing.assert_allclose(share[0, :5], 2 / 5, atol=0.1)  # all units of a layer are as likely
    np.testing.assert_allclose(share[1, 5:13], 2 / 8, atol=0.1)
    np.testing.assert_array_equal(random_partitions(sets, layer_of, 7, seed=0), drawn[:7])
    assert not np.array_equal(random_partitions(sets, layer_of, 7, seed=1), drawn[:7])


def test_a_comparison_counts_ties_against_the_claim():
    reference = np.arange(50.0)
    assert Comparison(value=49.5, reference=reference, rounding=1e-6).p_value == 1 / 51
    assert Comparison(value=49 + 1e-7, reference=reference, rounding=1e-6).p_value == 2 / 51
    assert Comparison(value=-1.0, reference=reference, rounding=1e-6).p_value == 1
    comparison = Comparison(value=30.0, reference=reference, rounding=1e-6)
    assert comparison.excess == 5.5
    assert comparison.band == (49 * 0.025, 49 * 0.975)
    assert comparison.within_band
    assert not Comparison(value=48.9, reference=reference, rounding=1e-6).within_band


def test_effects_do_not_depend_on_how_units_and_clusters_are_numbered():
    module = small()
    inputs, targets = data()
    graph = WeightGraph.from_module(module)
    labels = some_labels(graph)
    order = [np.random.default_rng(layer).permutation(width) for layer, width in ((1, 12), (2, 10))]
    permuted = deepcopy(module)
    with torch.no_grad():
        permuted[0].weight.copy_(module[0].weight[order[0]])
        permuted[0].bias.copy_(module[0].bias[order[0]])
        permuted[2].weight.copy_(module[2].weight[order[1]][:, order[0]])
        permuted[2].bias.copy_(module[2].bias[order[1]])
        permuted[4].weight.copy_(module[4].weight[:, order[1]])
    nodes = np.concatenate([np.arange(6), 6 + order[0], 18 + order[1], 28 + np.arange(3)])
    names = np.array([5, 0, 9])
    first = lesion_test(module, graph, labels, inputs, targets)
    other = lesion_test(permuted, WeightGraph.from_module(permuted), names[labels[nodes]], inputs, targets)
    assert [lesion.cluster for lesion in other.clusters] == [0, 5, 9]
    by_name = {lesion.cluster: lesion for lesion in other.clusters}
    for lesion in first.clusters:
        renamed = by_name[names[lesion.cluster]]
        assert renamed.loss_increase == pytest.approx(lesion.loss_increase, abs=1e-6)
        assert renamed.units_per_layer == lesion.units_per_layer


def test_a_seed_gives_the_same_numbers():
    module, (inputs, targets) = small(), data()
    graph = WeightGraph.from_module(module)
    first, again, other = (
        lesion_test(module, graph, some_labels(graph), inputs, targets, seed=seed) for seed in (0, 0, 1)
    )
    for lesion, same, different in zip(first.clusters, again.clusters, other.clusters, strict=True):
        np.testing.assert_array_equal(lesion.loss.reference, same.loss.reference)
        assert not np.array_equal(lesion.loss.reference, different.loss.reference)
        assert lesion.loss_increase == different.loss_increase


def test_progress_ends_with_all_examples_and_changes_nothing():
    module, (inputs, targets), told = small(), data(600), []
    traced = TracedModule(module)
    graph = WeightGraph.from_reading(traced.reading("weights"))
    labels, plan = some_labels(graph), LesionPlan(num_random=3)
    found = lesion_test_of(traced, graph, labels, (inputs, targets, None), plan, told.append)
    assert told == sorted(set(told))
    assert len(told) > 1
    assert told[-1] == 600
    silent = lesion_test(module, graph, labels, inputs, targets, num_random=3)
    assert [one.loss_increase for one in found.clusters] == [one.loss_increase for one in silent.clusters]


def test_a_cluster_without_hidden_units_or_with_all_of_them_is_no_finding():
    module, (inputs, targets) = small(), data()
    graph = WeightGraph.from_module(module)
    test = lesion_test(module, graph, np.isin(graph.layer_of, (1, 2)).astype(int), inputs, targets)
    assert [lesion.num_units for lesion in test.clusters] == [0, 22]
    assert test.clusters[0].status == "no hidden units: there is nothing to lesion"
    assert test.clusters[0].loss_increase == 0
    assert [lesion.p_value for lesion in test.clusters] == [1, 1]
    assert test.clusters_without_effect == 2
    volumes = sum(lesion.volume for lesion in test.clusters)
    assert volumes == pytest.approx(2 * sum(np.abs(block.matrix).sum() for block in graph.blocks))


def test_shares_of_the_rise_make_the_number_of_functional_clusters():
    module, inputs = small(), data()[0]
    graph = WeightGraph.from_module(module)
    test = lesion_test(module, graph, some_labels(graph, 5), inputs, module(inputs).argmax(dim=1))
    rises = np.maximum([lesion.loss_increase for lesion in test.clusters], 0)
    shares = rises[rises > 0] / rises.sum()
    assert test.functional_clusters == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    assert test.largest_effect == rises.max()


def test_the_module_stays_as_it_was():
    module = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(inplace=True), nn.Linear(12, 3))
    module.train()
    module[1].eval()
    before = deepcopy(module.state_dict())
    graph = WeightGraph.from_module(module)
    inputs, targets = data()
    lesion_test(module, graph, some_labels(graph), inputs, targets)
    with pytest.raises(ClusterabilityError):
        lesion_test(module, graph, some_labels(graph), inputs[:, :4], targets)
    assert [layer.training for layer in module] == [True, False, True, True]
    assert module[2].inplace
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert all(parameter.grad is None for parameter in module.parameters())


class ReadsItsOutput(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, inputs):
        hidden = self.first(inputs)
        return torch.cat([hidden, self.second(hidden)], dim=1)


class ByChance(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 4), nn.Linear(4, 3)

    def forward(self, inputs):
        return self.second(nn.functional.dropout(self.first(inputs), 0.5, True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": np.zeros(30, dtype=int)},
            r"labels: got int64 of shape \(30,\), allowed: integers of shape \(31,\)",
        ),
        ({"labels": np.zeros(31)}, "labels: got float64"),
        ({"labels": np.full(31, -1)}, "labels: got int64"),
        ({"num_random": 0}, "num_random: got 0, allowed: 1 or more"),
        ({"ablation": "median"}, "unknown ablation 'median'.*Known: mean, zero"),
        ({"targets": torch.full((60,), 3)}, "targets: got classes 3 to 3, allowed: 0 to 2"),
        ({"targets": torch.full((60,), -1)}, "targets: got classes -1 to -1"),
        ({"targets": torch.zeros(59, dtype=int)}, r"got shapes \(60, 6\) and \(59,\)"),
        ({"targets": torch.zeros(60, 2)}, r"targets: got shape \(60, 2\), allowed: \(60, 3\)|examples, 3"),
        ({"targets": torch.zeros(60, 3, dtype=int)}, r"targets: got int64 of shape \(60, 3\)"),
        ({"inputs": torch.randn(60, 5)}, r"Sequential cannot be run on inputs of shape \(60, 5\): "),
        ({"inputs": torch.full((60, 6), torch.inf)}, "outputs: got values that are not finite"),
        ({"mean_inputs": torch.zeros(3, 5), "ablation": "mean"}, r"mean_inputs: got shape \(3, 5\)"),
        (
            {"graph": WeightGraph.from_matrices([np.ones((6, 25))])},
            "the graph is not this module's: got layers",
        ),
        ({"module": ByChance(), "graph": None}, "ByChance: got outputs that differ by .* its trace"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(changes, message):
    inputs, targets = data()
    given = {"module": small(), "inputs": inputs, "targets": targets, **changes}
    if given.get("graph") is None:
        given["graph"] = WeightGraph.from_module(given["module"])
    given.setdefault("labels", np.zeros(given["graph"].num_nodes, dtype=int))
    with pytest.raises(ClusterabilityError, match=message) as caught:
        lesion_test(**given)
    assert "\n" not in str(caught.value)


def test_units_that_are_outputs_and_hidden_at_once_are_refused():
    module = ReadsItsOutput()
    graph = WeightGraph.from_module(module)
    with pytest.raises(ClusterabilityError, match="layer 'first': got an output that other layers read"):
        lesion_test(module, graph, np.zeros(6, dtype=int), torch.zeros(2, 1, 5, 5), torch.zeros(2, dtype=int))


def test_a_network_without_hidden_units_is_refused():
    module = nn.Linear(6, 3)
    graph = WeightGraph.from_module(nn.Sequential(module))
    with pytest.raises(ClusterabilityError, match="inputs and outputs alone"):
        lesion_test(nn.Sequential(module), graph, np.zeros(9, dtype=int), *data())


@pytest.mark.slow
def test_random_partitions_of_a_trained_network_have_uniform_p_values():
    dataset = load_dataset(DatasetConfig(name="digits"), 0)
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
    )
    inputs, targets = torch.tensor(dataset.train.inputs), torch.tensor(dataset.train.labels)
    optimiser = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(100):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module(inputs), targets).backward()
        optimiser.step()
    graph = WeightGraph.from_module(module)
    first, interactions, information = [], [], []
    for seed in range(200):
        labels = np.random.default_rng(seed).integers(0, 4, graph.num_nodes)
        test = lesion_test(
            module, graph, labels, dataset.validation.inputs, dataset.validation.labels, num_random=19,
            seed=seed, double=True,
        )  # fmt: skip
        first.append(test.clusters[0].p_value)
        interactions.append(test.double.p_value[0, 1])
        information.append(test.class_information.p_value)
    assert test.baseline_accuracy > 0.9
    for values in (first, interactions, information):
        assert np.mean(np.array(values) <= 0.05) == pytest.approx(0.05, abs=0.046)  # 3 standard errors
        # p is one of 1/20 to 1: spread each evenly over its step, so that it has no steps.
        spread = np.array(values) - np.random.default_rng(0).random(200) / 20
        assert kstest(spread, "uniform").pvalue > 0.01
