from copy import deepcopy

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from clusterability import WeightGraph, measure_ncut
from clusterability.config import ModelConfig
from clusterability.errors import CheckpointError, GraphError
from clusterability.models import build_module
from clusterability.training.rescaling import UnitRescaling


def normalised(module, **options):
    return WeightGraph.from_module(module, weighting="normalised", **options)


def assert_same(graph, expected, rtol=1e-9):
    assert graph.full_widths == expected.full_widths
    for units, others in zip(graph.kept, expected.kept, strict=True):
        np.testing.assert_array_equal(units, others)
    for block, other in zip(graph.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(np.abs(block.matrix), np.abs(other.matrix), rtol=rtol, atol=1e-12)


def drawn(module, seed=0):
    """Give all parameters and statistics random values, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, values in module.double().state_dict().items():
            if values.is_floating_point():
                values.copy_(torch.randn(values.shape, generator=generator, dtype=torch.float64))
                if name.endswith("running_var"):
                    values.copy_(values.abs() + 0.5)
    return module.eval()


def factors(width, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return 10 ** (2 * torch.rand(width, generator=generator, dtype=torch.float64) - 1)


@torch.no_grad()
def rescale(incoming, outgoing, factor):
    """Multiply units' incoming weights and biases by a factor and divide their outgoing weights by it."""
    for layer in incoming:
        layer.weight.mul_(factor.reshape(-1, *[1] * (layer.weight.ndim - 1)))
        if layer.bias is not None:
            layer.bias.mul_(factor)
    for layer in outgoing:
        area = layer.weight.shape[1] // len(factor)
        layer.weight.div_(factor.repeat_interleave(area).reshape(1, -1, *[1] * (layer.weight.ndim - 2)))


def perceptron(nonlinearity=nn.ReLU):
    return drawn(
        nn.Sequential(
            nn.Linear(9, 8), nonlinearity(), nn.Dropout(0.3), nn.Linear(8, 7), nonlinearity(), nn.Linear(7, 4)
        )
    )


def image_network(groups=2):
    return drawn(
        nn.Sequential(
            nn.Conv2d(2, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3, groups=groups),
            nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 4, 3),
        )
    )  # fmt: skip


def test_a_perceptron_is_what_rescaling_in_training_makes_of_it():
    module = perceptron()
    graph = normalised(module)
    UnitRescaling(module).before_step(torch.optim.Adam(module.parameters()))
    assert_same(graph, WeightGraph.from_module(module))


@pytest.mark.parametrize("nonlinearity", [nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.Identity])
def test_a_perceptron_does_not_change_when_its_hidden_units_are_rescaled(nonlinearity):
    module = perceptron(nonlinearity)
    before, raw, inputs = normalised(module), WeightGraph.from_module(module), torch.randn(5, 9).double()
    outputs = module(inputs)
    rescale([module[0]], [module[3]], factors(8))
    rescale([module[3]], [module[5]], factors(7))
    torch.testing.assert_close(module(inputs), outputs)
    assert_same(normalised(module), before)
    assert measure_ncut(normalised(module), 3).value == pytest.approx(measure_ncut(before, 3).value, abs=1e-6)
    assert abs(measure_ncut(WeightGraph.from_module(module), 3).value - measure_ncut(raw, 3).value) > 1e-2


@pytest.mark.parametrize("options", [{}, {"kept_layers": "all"}, {"kept_layers": "all", "kernel_norm": "l2"}])
def test_convolutions_with_batch_norm_do_not_change_when_their_filters_are_rescaled(options):
    module = image_network()
    before, inputs = normalised(module, **options), torch.randn(3, 2, 11, 11).double()
    outputs = module(inputs)
    rescale([module[1]], [], factors(6))
    with torch.no_grad():  # grouped: each kernel reads one half of the filters
        for group in range(2):
            half = slice(2 * group, 2 * group + 2)
            module[3].weight[half] /= factors(6)[3 * group : 3 * group + 3].reshape(1, 3, 1, 1)
    rescale([module[3]], [module[6]], factors(4))
    rescale([module[6]], [module[9]], factors(5))
    torch.testing.assert_close(module(inputs), outputs)
    assert_same(normalised(module, **options), before)


def test_hidden_filters_get_weights_and_biases_of_norm_root_two():
    module = image_network()
    graph = normalised(module, kernel_norm="l2", kept_layers="all")
    folded = nn.utils.fusion.fuse_conv_bn_eval(module[0], module[1])
    scale = torch.sqrt(folded.weight.square().sum(dim=(1, 2, 3)) + folded.bias.square()) / 2**0.5
    expected = torch.sqrt(folded.weight.square().sum(dim=(2, 3))) / scale[:, None]
    np.testing.assert_allclose(np.abs(graph.blocks[0].matrix), expected.detach().numpy().T)


def test_batch_norm_behind_a_nonlinearity_takes_up_the_scale_of_the_units_before_it():
    module = drawn(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 4), nn.ReLU(),
                                 nn.Linear(4, 3)))  # fmt: skip
    before, inputs = normalised(module), torch.randn(7, 6).double()
    outputs = module(inputs)
    rescale([module[0]], [], factors(5))
    with torch.no_grad():
        module[2].running_mean *= factors(5)
        module[2].weight /= factors(5)
    torch.testing.assert_close(module(inputs), outputs)
    assert_same(normalised(module), before)


class Residual(nn.Module):
    """A stream of four channels with two blocks, and a way out of five channels by a projection."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3)
        self.inner = nn.ModuleList(nn.Conv2d(4, 6, 3, padding=1) for _ in range(2))
        self.outer = nn.ModuleList(nn.Conv2d(6, 4, 3, padding=1) for _ in range(2))
        self.projection, self.last_inner = nn.Conv2d(4, 5, 1), nn.Conv2d(4, 3, 3, padding=1)
        self.last_outer, self.head = nn.Conv2d(3, 5, 3, padding=1), nn.Linear(5, 2)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        for inner, outer in zip(self.inner, self.outer, strict=True):
            x = torch.relu(outer(torch.relu(inner(x))) + x)
        x = torch.relu(self.projection(x) + self.last_outer(torch.relu(self.last_inner(x))))
        return self.head(x.mean(dim=(2, 3)))


def rescale_residual(module, stream):
    rescale([module.stem, *module.outer], [*module.inner, module.projection, module.last_inner], stream)
    for number, (inner, outer) in enumerate(zip(module.inner, module.outer, strict=True)):
        rescale([inner], [outer], factors(6, seed=number))
    rescale([module.last_inner], [module.last_outer], factors(3))
    rescale([module.projection, module.last_outer], [module.head], factors(5))


def test_channels_that_skips_join_keep_one_scale():
    module = drawn(Residual())
    before, inputs = normalised(module, kept_layers="all"), torch.randn(3, 1, 6, 6).double()
    outputs = module(inputs)
    rescale_residual(module, factors(4, seed=9))
    torch.testing.assert_close(module(inputs), outputs)
    after = normalised(module, kept_layers="all")
    assert_same(after, before)
    skips = [block.matrix for block in after.blocks if block.is_skip]
    assert len(skips) == 2
    for skip in skips:
        np.testing.assert_array_equal(skip, np.eye(4))


def test_a_channel_that_a_stream_begins_without_gets_the_scale_of_where_it_is_first_written():
    module = drawn(Residual())
    with torch.no_grad():
        module.stem.weight[2], module.stem.bias[2] = 0, 0
    before, inputs = normalised(module, kept_layers="all"), torch.randn(3, 1, 6, 6).double()
    outputs = module(inputs)
    rescale_residual(module, factors(4, seed=9))
    torch.testing.assert_close(module(inputs), outputs)
    after = normalised(module, kept_layers="all")
    assert_same(after, before)
    stem = after.layer_names.index("stem")
    assert 2 not in after.kept[stem]
    assert after.full_widths[stem] - len(after.kept[stem]) == 1


def test_a_stream_that_is_the_output_keeps_its_scale():
    class Stream(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.inner, self.outer = nn.Linear(5, 4), nn.Linear(4, 6), nn.Linear(6, 4)

        def forward(self, x):
            x = torch.relu(self.first(x))
            return x + self.outer(torch.relu(self.inner(x)))

    module = drawn(Stream())
    before = normalised(module)
    first = next(block for block in before.blocks if block.source == 0)
    np.testing.assert_allclose(first.matrix, module.first.weight.detach().numpy().T)
    rescale([module.inner], [module.outer], factors(6))
    assert_same(normalised(module), before)


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "vgg", "resnet"])
def test_every_architecture_is_normalised(architecture):
    settings = ModelConfig(architecture=architecture, widths=(8, 8), width_factor=0.1, depth=1)
    shape = (64,) if architecture == "mlp" else (3, 32, 32)
    module = drawn(build_module(settings, input_shape=shape, num_classes=10, seed=0))
    graph = normalised(module, kept_layers="all")
    assert graph.full_widths == WeightGraph.from_module(module, kept_layers="all").full_widths
    assert graph.weighting == "normalised"
    assert graph.note == ""


def test_a_unit_without_weights_or_bias_is_left_out_and_one_with_a_bias_stays():
    module = perceptron()
    with torch.no_grad():
        module[0].weight[[1, 3]] = 0
        module[0].bias[1] = 0
    graph = normalised(module)
    assert 1 not in graph.kept[1]
    assert 3 in graph.kept[1]
    changed = deepcopy(module)
    rescale([changed[0]], [changed[3]], factors(8))
    assert_same(normalised(changed), graph)


def test_a_unit_whose_weights_have_decayed_on_both_sides_dangles():
    module = perceptron()
    with torch.no_grad():
        module[0].weight[2] *= 1e-15
        module[0].bias[2] = 0
        module[3].weight[:, 2] *= 1e-15
    graph = normalised(module)
    assert 2 in graph.kept[1]
    assert graph.num_dangling == 1
    assert 2 not in graph.without_dangling().kept[1]
    assert graph.without_dangling().weighting == "normalised"


def returning(nonlinearity):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 3), nn.Linear(3, 2)

        def forward(self, x):
            return nonlinearity(self.second(torch.relu(self.first(x))))

    return Two()


@pytest.mark.parametrize("nonlinearity", [torch.sigmoid, lambda x: torch.softmax(x, dim=1), torch.relu])
def test_the_outputs_nonlinearity_does_not_matter(nonlinearity):
    module = drawn(returning(nonlinearity))
    expected = drawn(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    assert_same(normalised(module), normalised(expected))


class AddsOne(nn.Module):
    def forward(self, x):
        return torch.relu(x + 1)


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        *((kind(), kind.__name__) for kind in (nn.Tanh, nn.Sigmoid, nn.GELU, nn.ELU, nn.SiLU, nn.ReLU6)),
        (nn.Softmax(dim=1), "Softmax"),
        (AddsOne(), "addition of a constant"),
        (nn.LayerNorm(4), "LayerNorm"),
    ],
)
def test_units_that_cannot_be_rescaled_are_refused_by_name_in_one_line(layer, what):
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), layer, nn.Linear(4, 3))
    with pytest.raises(GraphError, match=what) as refusal:
        normalised(module)
    assert "layer '2'" in str(refusal.value) or what == "LayerNorm"
    assert "\n" not in str(refusal.value)


def test_weights_that_are_not_finite_are_refused():
    module = perceptron()
    with torch.no_grad():
        module[3].bias[2] = float("nan")
    with pytest.raises(GraphError, match=r"layer '3': 1 units .* not finite"):
        normalised(module)


@pytest.mark.parametrize("make", [perceptron, lambda: image_network(groups=1)], ids=["perceptron", "images"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_files_are_normalised_as_their_modules_and_say_what_was_assumed(tmp_path, make, suffix):
    module, path = make().float(), tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(module.state_dict(), path)
    graph = WeightGraph.from_checkpoint(path, weighting="normalised")
    assert_same(graph, normalised(module), rtol=1e-5)
    assert "ReLU" in graph.note
    assert WeightGraph.from_checkpoint(path).note == ""


def test_matrices_in_a_file_do_not_change_when_units_are_rescaled(tmp_path):
    rng = np.random.default_rng(0)
    first, second, third = (rng.normal(size=shape) for shape in ((6, 5), (5, 4), (4, 3)))
    factor = rng.uniform(0.1, 10, size=5)
    np.savez(tmp_path / "a.npz", first, second, third)
    np.savez(tmp_path / "b.npz", first * factor, second / factor[:, None], third)
    before = WeightGraph.from_checkpoint(tmp_path / "a.npz", weighting="normalised")
    assert_same(WeightGraph.from_checkpoint(tmp_path / "b.npz", weighting="normalised"), before)
    np.testing.assert_allclose((before.blocks[0].matrix ** 2).sum(axis=0), 2)
    np.testing.assert_allclose((before.blocks[1].matrix ** 2).sum(axis=0), 2)
    assert before.layer_names == WeightGraph.from_checkpoint(tmp_path / "a.npz").layer_names
    with pytest.raises(CheckpointError, match="allowed for a file: weights, normalised"):
        WeightGraph.from_checkpoint(tmp_path / "a.npz", weighting="contribution")
