"""Lesions in batches are those of a network run with each cluster's units taken out by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from clusterability import WeightGraph, lesion_test
from clusterability.models.resnet import resnet


def some_labels(graph, num_clusters=4, seed=0):
    return np.random.default_rng(seed).integers(0, num_clusters, graph.num_nodes)


def units_of(graph, labels, cluster):
    """Return the units of a cluster by layer, as they are numbered in the module."""
    ends = graph.layer_starts
    return {
        name: graph.kept[layer][labels[ends[layer] : ends[layer + 1]] == cluster]
        for layer, name in enumerate(graph.layer_names)
    }


def with_statistics(module):
    """Give batch norms statistics and factors as if trained."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias)
    return module.eval()


def assert_effects(test, module, broken, inputs, targets):
    """Compare a lesion test with networks that were broken by hand, by cluster."""
    with torch.no_grad():
        whole = module(inputs)
        for lesion in test.clusters:
            outputs = broken(lesion.cluster)
            rise = cross_entropy(outputs, targets) - cross_entropy(whole, targets)
            assert lesion.loss_increase == pytest.approx(rise.item(), abs=2e-6)
            right, was_right = outputs.argmax(1) == targets, whole.argmax(1) == targets
            drop = was_right.double().mean() - right.double().mean()
            assert lesion.accuracy_drop == pytest.approx(drop.item(), abs=1e-12)
            for index, number in enumerate(test.classes):
                of = targets == number
                rise = cross_entropy(outputs[of], targets[of]) - cross_entropy(whole[of], targets[of])
                assert lesion.class_loss_increase[index] == pytest.approx(rise.item(), abs=1e-5)
                drop = was_right[of].double().mean() - right[of].double().mean()
                assert lesion.class_accuracy_drop[index] == pytest.approx(drop.item(), abs=1e-12)


def test_a_perceptron_with_isolated_units(zeroed):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Linear(9, 12), nn.ReLU(inplace=True), nn.Linear(12, 10), nn.Tanh(), nn.Dropout(0.5),
        nn.Linear(10, 4),
    ).eval()  # fmt: skip
    with torch.no_grad():
        module[0].weight[3] = 0
        module[2].weight[:, 3] = 0  # unit 3 has no weights, yet a bias
    inputs, targets = torch.randn(120, 9), torch.randint(4, (120,))
    graph = WeightGraph.from_module(module)
    assert graph.widths[1] == 11
    labels = some_labels(graph)

    def broken(cluster):
        units = units_of(graph, labels, cluster)
        return zeroed(module, {"2": units["0"], "5": units["2"]})(inputs)

    assert_effects(lesion_test(module, graph, labels, inputs, targets), module, broken, inputs, targets)


@pytest.mark.parametrize("kept_layers", ["paper", "all"])
def test_convolutions_with_batch_norm_before_and_behind_the_nonlinearity(zeroed, kept_layers):
    torch.manual_seed(0)
    module = with_statistics(
        nn.Sequential(
            nn.Conv2d(2, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(8),
            nn.Flatten(), nn.Linear(8 * 9, 7), nn.ReLU(), nn.Linear(7, 3),
        )
    )  # fmt: skip
    inputs, targets = torch.randn(30, 2, 8, 8), torch.randint(3, (30,))
    graph = WeightGraph.from_module(module, kept_layers=kept_layers)
    labels = some_labels(graph)

    def broken(cluster):
        units = units_of(graph, labels, cluster)
        features = (9 * units["4"][:, None] + np.arange(9)).ravel()
        dense = {"10": units["8"]} if kept_layers == "all" else {}
        return zeroed(module, {"4": units["0"], "8": features, **dense})(inputs)

    test = lesion_test(module, graph, labels, inputs, targets, num_random=5)
    assert test.layer_names == (("0", "4", "8") if kept_layers == "all" else ("0", "4"))
    assert_effects(test, module, broken, inputs, targets)


def test_a_residual_network():
    torch.manual_seed(0)
    module = with_statistics(resnet((3, 8, 8), 5, width_factor=1 / 16, depth=1))
    inputs, targets = torch.randn(20, 3, 8, 8), torch.randint(5, (20,))
    graph = WeightGraph.from_module(module)
    labels = some_labels(graph)
    behind = {"0": "2"} | {
        f"{stage}.convolution{which}": f"{stage}.relu{which}" for stage in range(3, 7) for which in (1, 2)
    }
    assert set(graph.layer_names) == set(behind)

    def broken(cluster):
        hooks = []
        for name, units in units_of(graph, labels, cluster).items():

            def without(_, __, output, units=units):
                output = output.clone()
                output[:, units] = 0
                return output

            hooks.append(module.get_submodule(behind[name]).register_forward_hook(without))
        outputs = module(inputs)
        for hook in hooks:
            hook.remove()
        return outputs

    assert_effects(
        lesion_test(module, graph, labels, inputs, targets, num_random=2), module, broken, inputs, targets
    )


@pytest.mark.parametrize("has_mean_inputs", [True, False])
def test_mean_ablation_moves_the_mean_into_the_next_bias(zeroed, has_mean_inputs):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(9, 12), nn.Sigmoid(), nn.Linear(12, 4))
    inputs, targets = torch.randn(120, 9), torch.randint(4, (120,))
    training = torch.randn(77, 9) + 1
    graph = WeightGraph.from_module(module)
    labels = some_labels(graph, 3)
    means = torch.sigmoid(module[0](training if has_mean_inputs else inputs)).mean(dim=0)

    def broken(cluster):
        units = units_of(graph, labels, cluster)["0"]
        return zeroed(module, {"2": units})(inputs) + module[2].weight[:, units] @ means[units]

    test = lesion_test(
        module, graph, labels, inputs, targets, ablation="mean",
        mean_inputs=training if has_mean_inputs else None,
    )  # fmt: skip
    assert test.ablation == "mean"
    assert_effects(test, module, broken, inputs, targets)


def test_a_channels_mean_is_over_examples_and_places(zeroed):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Conv2d(5, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)
    )
    inputs, targets = torch.randn(40, 1, 6, 6), torch.randint(3, (40,))
    graph = WeightGraph.from_module(module)
    labels = np.where(graph.layer_of == 0, 0, -1)
    outputs = module[1](module[0](inputs))
    constant = outputs.mean(dim=(0, 2, 3))[None, :, None, None].expand_as(outputs)
    test = lesion_test(module, graph, labels, inputs, targets, num_random=1, ablation="mean")
    assert_effects(test, module, lambda _: module[2:](constant), inputs, targets)


def test_a_regression_has_squared_errors_and_no_classes(zeroed):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 2))
    inputs = torch.randn(50, 5)
    targets = module(inputs).detach() + 0.1 * torch.randn(50, 2)
    graph = WeightGraph.from_module(module)
    labels = some_labels(graph, 2)
    test = lesion_test(module, graph, labels, inputs.numpy(), targets.numpy(), double=True)
    for lesion in test.clusters:
        outputs = zeroed(module, {"2": units_of(graph, labels, lesion.cluster)["0"]})(inputs)
        rise = mse_loss(outputs, targets) - mse_loss(module(inputs), targets)
        assert lesion.loss_increase == pytest.approx(rise.item(), rel=1e-5)
        assert lesion.least_effect == pytest.approx(0.01 * targets.var(dim=0, correction=0).mean().item())
        assert (lesion.accuracy_drop, lesion.class_loss_increase, lesion.class_accuracy_drop) == (None,) * 3
    assert (test.baseline_accuracy, test.causal_gap, test.class_mutual_information) == (None,) * 3
    assert test.classes == ()


class AddedInPlace(nn.Module):
    """Skips, concatenation and additions that change their operands."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.third, self.last = nn.Conv2d(8, 5, 3), nn.Linear(5, 3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, inputs):
        hidden = self.relu(self.first(inputs))
        added = self.second(hidden)
        added += hidden
        added = added.relu_()
        both = torch.cat([added, hidden], dim=1)
        return self.last(self.relu(self.third(both)).mean((2, 3)))


def test_skips_concatenations_and_changes_in_place():
    torch.manual_seed(0)
    module = AddedInPlace()
    inputs, targets = torch.randn(25, 1, 6, 6), torch.randint(3, (25,))
    graph = WeightGraph.from_module(module)
    assert graph.full_widths == (4, 4, 5)
    labels = some_labels(graph, 3)

    def broken(cluster):
        first, second, third = units_of(graph, labels, cluster).values()
        hidden = module.first(inputs).relu()
        hidden[:, first] = 0
        added = (module.second(hidden) + hidden).relu()
        added[:, second] = 0
        top = module.third(torch.cat([added, hidden], dim=1)).relu()
        top[:, third] = 0
        return module.last(top.mean((2, 3)))

    assert_effects(
        lesion_test(module, graph, labels, inputs, targets, num_random=4), module, broken, inputs, targets
    )


def test_how_many_are_run_together_does_not_matter(monkeypatch):
    from clusterability.lesions import network

    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(9, 12), nn.ReLU(), nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 4))
    inputs, targets = torch.randn(53, 9), torch.randint(4, (53,))
    graph = WeightGraph.from_module(module)
    labels = some_labels(graph)
    expected = lesion_test(module, graph, labels, inputs, targets)
    monkeypatch.setitem(network._MOST_VALUES, "cpu", 2000)
    found = lesion_test(module, graph, labels, inputs, targets)
    for lesion, other in zip(found.clusters, expected.clusters, strict=True):
        np.testing.assert_allclose(lesion.loss.reference, other.loss.reference, atol=1e-6)
        assert lesion.loss_increase == pytest.approx(other.loss_increase, abs=1e-6)
