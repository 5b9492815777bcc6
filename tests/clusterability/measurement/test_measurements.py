"""What is recorded of a network, and that each part of it is computed once."""

import json

import pytest
import torch

from clusterability import (
    WeightGraph,
    lesion_test,
    measure_modularity,
    measure_ncut,
    measure_stability,
    null_test,
)
from clusterability.components import find, names
from clusterability.errors import GraphError
from clusterability.graph import from_module
from clusterability.measurement.measure import Measurements
from clusterability.ncut import prepared


def measured(network, prefix=""):
    found = Measurements()
    found.measure(network, prefix)
    return found


def test_every_metric_with_a_function_is_recorded_and_no_other(make_network):
    found = measured(make_network())
    expected = [name for name in names("metric") if find("metric", name).compute is not None]
    assert sorted(found.metrics) == sorted(expected)
    assert {name.partition("_")[0] for name in found.null_tests} == {"weights", "contribution"}
    assert len(found.null_tests) == 6
    assert found.notes == []


def test_values_are_those_of_the_public_functions(make_network, dataset):
    network = make_network()
    metrics = measured(network).metrics
    graph = WeightGraph.from_module(network.module)
    inputs = torch.tensor(dataset.train.inputs)
    contribution = WeightGraph.from_module(network.module, inputs, weighting="contribution")
    for name, result in (
        ("ncut", measure_ncut(graph, 3)),
        ("ncut_contribution", measure_ncut(contribution, 3)),
    ):
        assert metrics[name] == result.value
    modules = measure_modularity(contribution)
    assert metrics["stability"] == measure_stability(graph, measure_ncut(graph, 3))
    assert metrics["layered_stability_contribution"] == measure_stability(contribution, modules)
    assert metrics["small_clusters"] == measure_ncut(graph, 3).small_clusters
    assert metrics["layered_small_clusters_contribution"] == modules.small_clusters
    assert metrics["num_dangling_contribution"] == contribution.num_dangling
    assert metrics["ncut_spectral"] == measure_ncut(graph, 3, "spectral").value
    assert metrics["ncut_lower_bound"] == pytest.approx(measure_ncut(graph, 3).lower_bound, abs=1e-12)
    assert metrics["z_score"] == null_test(graph, num_shuffles=3, num_clusters=3).z_score
    test = null_test(contribution, num_shuffles=3, num_clusters=3)
    assert metrics["null_sd_contribution"] == test.sd


def test_one_trace_and_one_eigendecomposition_serve_both_graphs(make_network, monkeypatch):
    counted = {"read_module": 0, "top_eigenpairs": 0, "graph_layout": 0}
    for module, name in (
        (from_module, "read_module"),
        (prepared, "top_eigenpairs"),
        (prepared, "graph_layout"),
    ):
        original = getattr(module, name)

        def counts(*arguments, name=name, original=original):
            counted[name] += 1
            return original(*arguments)

        monkeypatch.setattr(module, name, counts)
    measured(make_network())
    # One eigendecomposition for each graph: both have so few units that the search also starts from it.
    assert counted == {"read_module": 1, "top_eigenpairs": 2, "graph_layout": 2}


def test_a_prefix_names_what_was_measured_before_pruning(make_network):
    found = measured(make_network(), "unpruned_")
    assert all(name.startswith("unpruned_") for name in (*found.metrics, *found.null_tests))


def test_a_contribution_graph_that_is_not_tested_has_an_ncut_all_the_same(make_network):
    found = measured(make_network(test_contribution=False))
    assert "ncut_contribution" in found.metrics
    assert "z_score_contribution" not in found.metrics
    assert set(found.null_tests) == {"weights", "weights_verdict", "weights_layered_modularity"}


def test_a_contribution_graph_that_cannot_be_measured_is_a_note(make_network):
    network = make_network()
    with torch.no_grad():
        for layer in network.module.modules():
            if isinstance(layer, torch.nn.Linear):
                layer.bias.fill_(-1e3)  # every hidden unit is dead
    found = measured(network, "unpruned_")
    assert "unpruned_ncut" in found.metrics
    assert not [name for name in found.metrics if name.endswith("_contribution")]
    assert all(name.startswith("unpruned_weights") for name in found.null_tests)
    (note,) = found.notes
    assert note.startswith("unpruned_contribution graph: ")


def test_a_weight_graph_that_cannot_be_measured_raises(make_network):
    with pytest.raises(GraphError, match="num_clusters: got 5000"):
        measured(make_network(num_clusters=5000))


def test_lesions_are_those_of_the_public_function_on_validation(make_network, dataset):
    network = make_network()
    found = measured(network, "unpruned_")
    inputs = torch.tensor(dataset.train.inputs)
    graph = WeightGraph.from_module(network.module, inputs, weighting="contribution")
    validation = (dataset.validation.inputs, dataset.validation.labels)
    for ending, name, labels in (
        ("", "layered_modularity_contribution", measure_modularity(graph).labels),
        ("_ncut", "ncut_contribution", measure_ncut(graph, 3).labels),
    ):
        test = lesion_test(network.module, graph, labels, *validation, num_random=3)
        kept = found.lesions[f"unpruned_{name}"]
        assert [lesion["loss_increase"] for lesion in kept["clusters"]] == [
            lesion.loss_increase for lesion in test.clusters
        ]
        assert kept["num_examples"] == len(dataset.validation)
        for quantity in ("functional_clusters", "largest_effect", "causal_gap", "class_mutual_information"):
            assert found.metrics[f"unpruned_{quantity}{ending}"] == getattr(test, quantity)
    assert json.loads(json.dumps(found.lesions, allow_nan=False)) == found.lesions


def test_lesions_are_on_so_many_examples_as_asked_drawn_by_the_seed(make_network):
    networks = [make_network(num_examples=12) for _ in range(3)]
    networks[2].config.seed = 1
    baselines = [network.lesions.baseline_loss for network in networks]
    assert networks[0].lesions.num_examples == 12
    assert baselines[0] == baselines[1] != baselines[2]


def test_lesions_that_are_not_asked_for_leave_no_trace(make_network):
    found = measured(make_network(num_random=0))
    assert found.lesions == {}
    assert not [name for name in found.metrics if name.startswith("functional_clusters")]
    assert "layered_modularity_contribution" in found.metrics


def test_a_network_that_cannot_be_lesioned_is_a_note(make_network, dataset):
    features = dataset.train.inputs[0].size
    network = make_network(module=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(features, 10)))
    found = measured(network)
    assert found.notes == [
        "lesions: the graph has inputs and outputs alone, allowed: one with hidden units to lesion"
    ]
    assert {"ncut_contribution", "layer_share_contribution", "z_score_contribution"} <= set(found.metrics)
    assert {"weights", "contribution"} <= set(found.null_tests)
