import numpy as np
import pytest
import torch
from torch import nn

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import GraphError


def l1(convolution):
    """Norms of a convolution's kernels, (channels in, filters out)."""
    return convolution.weight.detach().double().abs().sum(dim=(2, 3)).numpy().T


def blocks_by_name(graph):
    names = graph.layer_names
    return {(names[block.source], names[block.target], block.is_skip): block.matrix for block in graph.blocks}


def randomised(module, seed=0):
    """Give batch norms statistics and factors as if trained."""
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            with torch.no_grad():
                layer.running_var.copy_(torch.rand(layer.num_features, generator=generator) + 0.5)
                layer.running_mean.copy_(torch.randn(layer.num_features, generator=generator))
                layer.weight.copy_(torch.rand(layer.num_features, generator=generator) + 0.5)
    return module


def factor(batch_norm):
    return (batch_norm.weight / torch.sqrt(batch_norm.running_var + batch_norm.eps)).detach().double().numpy()


def test_convolutions_keep_only_the_weights_between_them():
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3), nn.ReLU(), nn.Conv2d(5, 6, 3),
        nn.Flatten(), nn.Linear(6 * 4, 3),
    )  # fmt: skip
    graph = WeightGraph.from_module(module)
    assert graph.full_widths == (4, 5, 6)
    np.testing.assert_allclose(graph.blocks[0].matrix, l1(module[3]))
    np.testing.assert_allclose(graph.blocks[1].matrix, l1(module[5]))


def test_all_layers_are_kept_on_request_and_a_flattened_channel_is_one_unit():
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 9, 3))
    graph = WeightGraph.from_module(module, kept_layers="all", kernel_norm="l2")
    assert graph.full_widths == (1, 4, 3)
    head = module[3].weight.detach().double().numpy().reshape(3, 4, 9)
    np.testing.assert_allclose(graph.blocks[1].matrix, np.sqrt((head**2).sum(axis=2)).T)
    np.testing.assert_allclose(
        graph.blocks[0].matrix, np.sqrt((module[0].weight.detach().double().numpy() ** 2).sum(axis=(2, 3))).T
    )


def test_batch_norm_right_after_its_convolution_scales_its_filters():
    module = randomised(
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5))
    )
    (block,) = WeightGraph.from_module(module).blocks
    np.testing.assert_allclose(block.matrix, l1(module[3]) * factor(module[4]))


def test_batch_norm_behind_a_nonlinearity_scales_what_the_next_layer_reads():
    module = randomised(
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.Dropout(0.2), nn.Conv2d(4, 5, 3))
    )
    (block,) = WeightGraph.from_module(module).blocks
    np.testing.assert_allclose(block.matrix, factor(module[2])[:, None] * l1(module[4]))


def test_folded_batch_norm_is_the_network_whose_weights_have_been_folded_by_torch():
    module = randomised(nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))).eval()
    folded = nn.utils.fusion.fuse_linear_bn_eval(module[0], module[1])
    expected = WeightGraph.from_module(nn.Sequential(folded, nn.ReLU(), module[3]))
    graph = WeightGraph.from_module(module)
    for block, other in zip(graph.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(block.matrix, other.matrix, rtol=1e-6)


class ResidualBlock(nn.Module):
    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.second = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels_out)
        self.projection = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else None

    def forward(self, x):
        skip = x if self.projection is None else self.projection(x)
        return torch.relu(self.norm(self.second(torch.relu(self.first(x)))) + skip)


def test_an_identity_skip_is_an_identity_block_into_the_sum():
    module = randomised(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), ResidualBlock(4, 4)))
    found = blocks_by_name(WeightGraph.from_module(module))
    assert set(found) == {("0", "2.first", False), ("2.first", "2.second", False), ("0", "2.second", True)}
    np.testing.assert_array_equal(found["0", "2.second", True], np.eye(4))
    np.testing.assert_allclose(
        found["2.first", "2.second", False], l1(module[2].second) * factor(module[2].norm)
    )


def test_a_projection_skip_is_its_kernel_into_the_same_units():
    module = randomised(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), ResidualBlock(4, 6), nn.Conv2d(6, 2, 1)))
    graph = WeightGraph.from_module(module)
    assert sorted(graph.full_widths) == [2, 4, 6, 6]
    found = blocks_by_name(graph)
    np.testing.assert_allclose(found["0", "2.second", False], l1(module[2].projection))
    np.testing.assert_allclose(found["2.second", "3", False], l1(module[3]))
    assert not any(is_skip for *_, is_skip in found)


def test_a_stream_that_is_read_twice_stays_a_layer_of_its_own():
    class PreActivation(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
            self.inner = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x):
            x = self.stem(x)
            return x + self.inner(torch.relu(self.norm(x)))

    module = randomised(PreActivation())
    found = blocks_by_name(WeightGraph.from_module(module))
    np.testing.assert_array_equal(found["stem", "inner", True], np.eye(4))
    np.testing.assert_allclose(found["stem", "inner", False], factor(module.norm)[:, None] * l1(module.inner))


def test_grouped_and_depthwise_convolutions_are_block_diagonal():
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 6, 1, groups=2)
    )
    depthwise, grouped = WeightGraph.from_module(module).blocks
    np.testing.assert_array_equal(depthwise.places, np.eye(4, dtype=bool))
    np.testing.assert_allclose(np.diag(depthwise.matrix), l1(module[2])[0])
    np.testing.assert_array_equal(grouped.places, np.kron(np.eye(2), np.ones((2, 3))).astype(bool))
    assert (grouped.matrix[~grouped.places] == 0).all()
    np.testing.assert_allclose(grouped.matrix[:2, :3], l1(module[3])[:, :3])


def test_concatenated_channels_are_read_by_their_own_rows():
    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.last = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 3, 1), nn.Conv2d(5, 4, 1)

        def forward(self, x):
            first = torch.relu(self.first(x))
            return self.last(torch.cat([first, torch.relu(self.second(first))], dim=1))

    module = Dense()
    found = blocks_by_name(WeightGraph.from_module(module))
    np.testing.assert_allclose(found["first", "last", False], l1(module.last)[:2])
    np.testing.assert_allclose(found["second", "last", False], l1(module.last)[2:])


class DataDependent(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 3)), "layer '1': LSTM"),
        (nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 2)), "layer '1': LayerNorm"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False)),
            "running statistics",
        ),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)), "kept_layers='all'"),
        (DataDependent(), "DataDependent cannot be traced"),
        (nn.ReLU(), "no layer with weights"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_in_one_line(module, message):
    with pytest.raises(GraphError, match=message) as refusal:
        WeightGraph.from_module(module)
    assert "\n" not in str(refusal.value)


def perceptron_with_a_dead_unit():
    generator = torch.Generator().manual_seed(3)
    module = nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 4))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 3 * (parameter.ndim > 1))
        module[2].bias[5] = -1e3
    return module, torch.randn(300, 12, generator=generator)


def contribution_ncut(module, inputs):
    graph = WeightGraph.from_module(module, inputs, weighting="contribution")
    return measure_ncut(graph, 4, "refined").value, graph


@pytest.mark.parametrize("scale", [0.01, 3.7, 1e4])
def test_contributions_do_not_change_when_relu_units_are_rescaled(scale):
    module, inputs = perceptron_with_a_dead_unit()
    before, _ = contribution_ncut(module, inputs)
    with torch.no_grad():
        for unit in (0, 3):
            module[0].weight[unit] *= scale
            module[0].bias[unit] *= scale
            module[2].weight[:, unit] /= scale
    after, _ = contribution_ncut(module, inputs)
    assert after == pytest.approx(before, abs=1e-6)
    raw = [
        measure_ncut(WeightGraph.from_module(m), 4, "refined").value
        for m in (perceptron_with_a_dead_unit()[0], module)
    ]
    assert abs(raw[0] - raw[1]) > 1e-3


def test_contributions_do_not_change_when_a_dead_unit_is_rewired():
    module, inputs = perceptron_with_a_dead_unit()
    before, graph = contribution_ncut(module, inputs)
    assert graph.num_isolated == 1
    with torch.no_grad():
        module[2].weight[5] = 7 * torch.rand(10)
        module[4].weight[:, 5] = 100 * torch.rand(4)
    after, _ = contribution_ncut(module, inputs)
    assert after == pytest.approx(before, abs=1e-6)


def test_contributions_are_weights_in_units_of_spread():
    module, inputs = perceptron_with_a_dead_unit()
    graph = WeightGraph.from_module(module, inputs, weighting="contribution")
    double = inputs.double()
    hidden = (double @ module[0].weight.double().T + module[0].bias.double()).detach().numpy()
    expected = np.abs(module[0].weight.detach().double().numpy().T)
    expected = expected * double.numpy().std(axis=0)[:, None] / hidden.std(axis=0)
    np.testing.assert_allclose(graph.blocks[0].matrix, expected[np.ix_(graph.kept[0], graph.kept[1])])


def test_contributions_of_convolutions_take_spreads_over_images_and_places():
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(4 * 16, 2),
    )  # fmt: skip
    randomised(module).eval()
    inputs = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    graph = WeightGraph.from_module(module, inputs, weighting="contribution")
    with torch.no_grad():
        read = module.double()[:3](inputs.double())
        before = module[3](read)
    spread = [values.transpose(0, 1).flatten(1).numpy().std(axis=1) for values in (read, before)]
    expected = l1(module[3]) * spread[0][:, None] / spread[1]
    np.testing.assert_allclose(graph.blocks[0].matrix, expected[np.ix_(*graph.kept)], rtol=1e-6)
