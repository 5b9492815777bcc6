"""Networks built by hand, of which it is known what each cluster does."""

from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import nn

from clusterability import WeightGraph, lesion_test, measure_modularity, measure_ncut
from clusterability.lesions import selectivity


@pytest.fixture
def planted(three_groups):
    module, groups = three_groups
    graph = WeightGraph.from_module(module)
    return module, graph, np.concatenate([np.array(groups[layer])[graph.kept[layer]] for layer in range(4)])


def test_two_subnetworks_and_a_dead_group_are_found(planted, class_examples):
    module, graph, groups = planted
    for labels in (
        measure_modularity(graph).labels,
        measure_modularity(graph, 3).labels,
        measure_ncut(graph, 3).labels,
    ):
        assert adjusted_rand_score(groups, labels) == 1
        test = lesion_test(module, graph, labels, *class_examples)
        by_group = {groups[labels == lesion.cluster][0]: lesion for lesion in test.clusters}
        assert test.classes == (0, 1, 2, 3)
        assert test.baseline_accuracy == 1
        assert [by_group[group].has_effect for group in range(3)] == [True, True, False]
        assert [by_group[group].p_value for group in range(3)] == [1 / 51, 1 / 51, 1]
        assert [by_group[group].dead_units for group in range(3)] == [0, 0, 8]
        assert [by_group[group].units_per_layer for group in range(3)] == [(12, 12), (12, 12), (4, 4)]
        np.testing.assert_array_equal(by_group[0].class_accuracy_drop, [1, 1, 0, 0])
        np.testing.assert_array_equal(by_group[1].class_accuracy_drop, [0, 0, 1, 1])
        assert by_group[2].loss_increase == pytest.approx(0, abs=1e-6)
        assert by_group[2].status == "all of its hidden units are dead"
        assert test.functional_clusters == pytest.approx(2, abs=0.01)
        assert test.clusters_without_effect == 1
        assert test.causal_gap == 1
        assert test.class_information.value == pytest.approx(np.log(2), abs=1e-3)
        assert test.class_mutual_information > 0.2
        assert test.class_information.p_value == 1 / 51


def test_lesions_of_independent_subnetworks_add_up(planted, class_examples):
    module, graph, groups = planted
    test = lesion_test(module, graph, groups, *class_examples, num_random=30, double=True)
    np.testing.assert_allclose(test.double.interaction, 0, atol=1e-5)
    assert test.double.num_random == 20
    assert test.double.p_value.shape == (3, 3)


def test_a_cluster_and_its_copy_matter_together():
    """Each of two copies of a network can do without the other; the random pairs are worth less."""
    torch.manual_seed(0)
    half = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    inputs = torch.randn(300, 6)
    targets = half(inputs).argmax(dim=1)
    module = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
    with torch.no_grad():
        module[0].weight.copy_(half[0].weight.repeat(2, 1))
        module[0].bias.copy_(half[0].bias.repeat(2))
        module[2].weight.copy_(20 * half[2].weight.repeat(1, 2))
        module[2].bias.copy_(40 * half[2].bias)
    graph = WeightGraph.from_module(module)
    labels = np.array([-1] * 6 + [0] * 8 + [1] * 8 + [-1] * 3)
    test = lesion_test(module, graph, labels, inputs, targets, double=True)
    both = lesion_test(module, graph, np.minimum(labels, 0), inputs, targets)
    singles = sum(lesion.loss_increase for lesion in test.clusters)
    assert test.double.interaction[0, 1] == pytest.approx(both.largest_effect - singles, abs=1e-4)
    assert test.double.interaction[0, 1] > 1
    assert test.double.interaction[1, 0] == test.double.interaction[0, 1]
    assert test.double.interaction[0, 1] > test.double.reference[:, 0, 1].max()
    assert test.double.p_value[0, 1] == 2 / 21  # one random pair is further off, to the other side


def test_double_lesions_are_the_lesions_of_merged_clusters(planted, class_examples):
    module, graph, _ = planted
    labels = np.random.default_rng(0).integers(0, 4, graph.num_nodes)
    test = lesion_test(module, graph, labels, *class_examples, num_random=3, double=True)
    for first, second in combinations(range(4), 2):
        merged = lesion_test(
            module, graph, np.where(labels == second, first, labels), *class_examples, num_random=1
        )
        both = next(lesion for lesion in merged.clusters if lesion.cluster == first).loss_increase
        singles = test.clusters[first].loss_increase + test.clusters[second].loss_increase
        assert test.double.interaction[first, second] == pytest.approx(both - singles, abs=1e-5)
        random_pairs = [draw[first, second] for draw in test.double.reference]
        assert test.double.excess[first, second] == pytest.approx(
            both - singles - np.mean(random_pairs), abs=1e-5
        )


def test_information_is_the_logarithm_of_the_classes_that_clusters_tell_apart():
    information = selectivity.class_mutual_information
    assert information(np.eye(5), 0.01) == pytest.approx(np.log(5))
    assert information(np.ones((5, 3)), 0.01) == pytest.approx(0)
    assert information(np.array([[2, 0], [0, 0.3], [-5, -7]]), 0.01) == pytest.approx(np.log(2))
    assert information(np.array([[1, 1, 1], [0, 0, 1]]), 0.01) == pytest.approx(
        (2 * np.log(6 / 5) + np.log(3 / 5) / 2 + np.log(3) / 2) / 3
    )
    assert information(np.full((3, 4), -1.0), 0.01) == 0
    assert information(np.array([[1, 1e-5], [0, 1e-3]]), 0.01) == pytest.approx(0)  # class 1 is not hurt


def test_the_causal_gap_is_the_drop_on_own_classes_less_that_on_the_others():
    loss = np.array([[2, 0.1, 0.3], [1, 3, 0.2], [0, 0, 0]])
    drops = np.array([[0.8, 0.0, 0.2], [0.1, 0.9, 0.0], [0.5, 0.5, 0.5]])
    expected = np.mean([0.5 - 0.0, 0.9 - 0.05])  # cluster 0 has the classes 0 and 2, cluster 1 has class 1
    assert selectivity.causal_gap(loss, drops, 0.01) == pytest.approx(expected)
    assert selectivity.causal_gap(loss[:1], drops[:1], 0.01) == 0  # all classes are its own
    assert selectivity.causal_gap(0 * loss, drops, 0.01) == 0  # nobody's
