"""What operations do to units: blocks are derivatives by activations, or the module is refused."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from clusterability import WeightGraph
from clusterability.errors import GraphError

from .networks import blocks_by_name, derivative, network, randomised

L = nn.Linear


def between(move, width):
    """A layer of 12 units, `move`, and a layer that reads what it gives."""
    torch.manual_seed(1)
    return network(lambda s, x: s.b(move(torch.relu(s.a(x)))), a=L(6, 12), b=L(width, 4)).double()


FACTORS = torch.linspace(-2, 3, 12, dtype=torch.double)
MOVES = {
    "slice": (lambda v: v[:, 2:9], 7),
    "every other": (lambda v: v[..., ::2], 6),
    "chunk": (lambda v: v.chunk(3, dim=1)[1], 4),
    "split and join": (lambda v: torch.cat(v.split([5, 7], dim=-1)[::-1], -1), 12),
    "flip": (lambda v: v.flip(1), 12),
    "chosen": (lambda v: v[:, [3, 1, 8]], 3),
    "index_select": (lambda v: v.index_select(1, torch.tensor([7, 0])), 2),
    "shuffle": (lambda v: v.view(-1, 3, 4).transpose(1, 2).reshape(-1, 12), 12),
    "narrow": (lambda v: v.narrow(1, 4, 5), 5),
    "unbind": (lambda v: v.reshape(-1, 2, 6).unbind(1)[1], 6),
    "squeeze": (lambda v: v[:, None].squeeze(1), 12),
    "factor": (lambda v: v / 255, 12),
    "shift": (lambda v: v - 0.5, 12),
    "factors": (lambda v: v * FACTORS, 12),
    "negative": (lambda v: 1 - v, 12),
    "added to itself": (lambda v: 3 * v, 12),
    "padded": (lambda v: F.pad(v, (2, 1)), 15),
    "beside constants": (lambda v: torch.cat([v, torch.ones(len(v), 2, dtype=v.dtype)], 1), 14),
    "leaky": (lambda v: F.leaky_relu(F.prelu(v, torch.full((12,), 0.3, dtype=v.dtype))), 12),
}


@pytest.mark.parametrize(("move", "width"), MOVES.values(), ids=list(MOVES))
def test_values_that_move_are_followed_exactly(move, width):
    module = between(move, width)
    found = blocks_by_name(WeightGraph.from_module(module))
    assert set(found) == {("input", "a"), ("a", "b")}
    np.testing.assert_allclose(found["input", "a"], module.a.weight.abs().T.detach())
    np.testing.assert_allclose(found["a", "b"], derivative(lambda a: module.b(move(a)), 12), rtol=1e-7)


def images(forward, **parts):
    torch.manual_seed(2)
    return network(forward, c=nn.Conv2d(3, 8, 3), **parts)


@pytest.mark.parametrize(
    ("move", "places"),
    [
        (lambda v: v.flatten(1), 36),
        (lambda v: v.permute(0, 2, 3, 1).reshape(len(v), -1), 36),
        (lambda v: F.max_pool2d(v, 2).flatten(1), 9),
        (lambda v: F.adaptive_avg_pool2d(v, 1)[:, :, 0, 0], 1),
        (lambda v: v.mean((2, 3)), 1),
        (lambda v: v.amax(-1).flatten(1), 6),
    ],
)
def test_features_of_a_channel_are_found_wherever_they_lie(move, places):
    module = images(lambda s, x: s.f(move(torch.relu(s.c(x)))), f=L(8 * places, 5))
    graph = WeightGraph.from_module(module, torch.rand(2, 3, 8, 8), kept_layers="all")
    channel = move(torch.arange(8.0)[None, :, None, None].expand(1, 8, 6, 6))[0]
    weights = module.f.weight.detach().abs().numpy()
    expected = np.stack([weights[:, (channel == unit).numpy()].sum(axis=1) for unit in range(8)])
    np.testing.assert_allclose(blocks_by_name(graph)["c", "f"], expected, rtol=1e-6)
    assert graph.blocks[1].kernel_area == places


def test_a_sum_over_places_is_the_mean_times_their_number():
    module = images(lambda s, x: s.f(torch.relu(s.c(x)).sum((2, 3))), f=L(8, 5))
    graph = WeightGraph.from_module(module, torch.rand(2, 3, 8, 8), kept_layers="all")
    np.testing.assert_allclose(
        blocks_by_name(graph)["c", "f"], 36 * module.f.weight.detach().abs().T, rtol=1e-6
    )


def test_shuffled_channels_of_grouped_convolutions_are_followed():
    def shuffled(v):
        return v.view(v.size(0), 2, 4, *v.shape[2:]).transpose(1, 2).reshape(v.shape)

    module = images(lambda s, x: s.d(shuffled(torch.relu(s.c(x)))), d=nn.Conv2d(8, 4, 3, groups=2))
    (block,) = WeightGraph.from_module(module).blocks
    norms = module.d.weight.detach().abs().sum((2, 3)).numpy()
    order = shuffled(torch.arange(8.0).reshape(1, 8, 1, 1)).flatten().int().numpy()
    expected = np.zeros((8, 4))
    for position, unit in enumerate(order):
        group = position // 4
        expected[unit, 2 * group : 2 * group + 2] = norms[2 * group : 2 * group + 2, position % 4]
    np.testing.assert_allclose(block.matrix, expected, rtol=1e-6)
    np.testing.assert_array_equal(block.places, expected > 0)


def test_scaled_residuals_have_their_factor_in_the_branch_that_it_multiplies():
    module = network(
        lambda s, x: (lambda v: s.c(torch.relu(v - 0.5 * s.b(v))))(torch.relu(s.a(x))),
        a=L(6, 8), b=L(8, 8), c=L(8, 3),
    )  # fmt: skip
    found = blocks_by_name(WeightGraph.from_module(module))
    np.testing.assert_allclose(found["a", "b"], 0.5 * module.b.weight.detach().abs().T)
    np.testing.assert_array_equal(found["a", "b", "skip"], np.eye(8))
    doubled = network(lambda s, x: (lambda v: s.b(v + v))(torch.relu(s.a(x))), a=L(6, 8), b=L(8, 3))
    np.testing.assert_array_equal(
        blocks_by_name(WeightGraph.from_module(doubled))["a", "add", "skip"], 2 * np.eye(8)
    )


def test_a_shortcut_into_padded_channels_is_an_identity_into_some():
    def forward(s, x):
        v = torch.relu(s.c(x))
        return torch.relu(s.d(v) + F.pad(v[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)))

    module = images(forward, d=nn.Conv2d(8, 12, 3, stride=2, padding=1))
    found = blocks_by_name(WeightGraph.from_module(module))
    np.testing.assert_array_equal(found["c", "d", "skip"], np.eye(12)[2:10])


def test_dense_concatenations_read_each_layer_by_its_own_columns():
    def forward(s, x):
        values = [torch.relu(s.c(x))]
        for norm, layer in zip(s.norms, s.layers, strict=True):
            values.append(layer(torch.relu(norm(torch.cat(values, 1)))))
        return torch.cat(values, 1)

    widths = (8, 12, 16)
    module = images(
        forward,
        norms=nn.ModuleList(nn.BatchNorm2d(width) for width in widths),
        layers=nn.ModuleList(nn.Conv2d(width, 4, 3, padding=1) for width in widths),
    )
    found = blocks_by_name(WeightGraph.from_module(randomised(module)))
    starts = {"c": slice(0, 8), "layers.0": slice(8, 12), "layers.1": slice(12, 16)}
    assert set(found) == {
        ("c", "layers.0"), ("c", "layers.1"), ("layers.0", "layers.1"),
        ("c", "layers.2"), ("layers.0", "layers.2"), ("layers.1", "layers.2"),
    }  # fmt: skip
    for (source, target), block in found.items():
        number = int(target[-1])
        norm = module.norms[number]
        factor = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        norms = module.layers[number].weight.detach().abs().sum((2, 3)) * factor
        np.testing.assert_allclose(block, norms[:, starts[source]].T, rtol=1e-5)


def gated(s, x):
    v = torch.relu(s.c(x))
    return s.d(v * torch.sigmoid(s.f(v.mean((2, 3))))[:, :, None, None])


def attention(s, x):
    return s.d(F.scaled_dot_product_attention(s.a(x), s.b(x), s.c(x)))


# fmt: off
TOKENS = torch.rand(4, 3, 6)
IMAGES = torch.rand(4, 3, 8, 8)
REFUSED = {
    "tokens": (network(lambda s, x: s.b(s.a(x).transpose(1, 2)), a=L(6, 8), b=L(3, 3)), TOKENS, "axis 1"),
    "places": (images(lambda s, x: s.f(s.c(x)), f=L(6, 4)), IMAGES, "'f'.*axis 1"),
    "gate": (images(gated, f=L(8, 8), d=nn.Conv2d(8, 4, 3)), IMAGES, "'mul'"),
    "attention": (
        network(attention, a=L(6, 8), b=L(6, 8), c=L(6, 8), d=L(8, 2)), TOKENS, "scaled_dot_product",
    ),
    "called twice": (
        network(lambda s, x: s.b(s.a(s.a(x))), a=L(6, 6), b=L(6, 3)), None, "'a.weight' twice",
    ),
    "tied": (network(lambda s, x: F.linear(s.a(x), s.a.weight.t()), a=L(6, 8)), None, "'a.weight' twice"),
    "joined twice": (
        network(lambda s, x: (lambda v: s.b(torch.cat([v, v], 1)))(s.a(x)), a=L(6, 8), b=L(16, 3)),
        None, "'cat'",
    ),
    "two kernels": (
        network(lambda s, x: s.c(torch.relu(s.a(x) + s.b(x))), a=L(6, 8), b=L(6, 8), c=L(8, 3)),
        None, "'add'",
    ),
    "mean of units": (
        network(lambda s, x: s.b(s.a(x).mean(1, keepdim=True)), a=L(6, 8), b=L(1, 3)), None, "'mean'.*'a'",
    ),
    "softmax": (network(lambda s, x: s.b(s.a(x).softmax(-1)), a=L(6, 8), b=L(8, 3)), None, "'softmax'.*'a'"),
    "chosen by values": (
        network(lambda s, x: s.b(s.a(x).sort(1)[0]), a=L(6, 8), b=L(8, 3)), None, "'sort'",
    ),
    "set": (
        network(lambda s, x: (x.__setitem__((slice(None), 0), 0), s.b(s.a(x)))[1], a=L(6, 8), b=L(8, 3)),
        None, "setitem",
    ),
    "normalised by place": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), randomised(nn.BatchNorm1d(144)), L(144, 3)), IMAGES,
        "different factors",
    ),
    "several times": (
        network(lambda s, x: s.b(s.a(x)[:, [0, 0, 1]]), a=L(6, 8), b=L(3, 3)), None, "'getitem'",
    ),
    "copied": (
        network(lambda s, x: s.b(s.a(x).expand(-1, 8)), a=L(6, 1), b=L(8, 3)), None, "'expand'",
    ),
    "constant layer": (
        network(
            lambda s, x: s.b(s.a(x)) + s.c(s.q), a=L(6, 8), b=L(8, 3), c=L(4, 3), q=nn.Parameter(torch.ones(4))
        ),
        None, "'c.weight'",
    ),
    "some of a channel's features": (
        images(lambda s, x: s.f(s.c(x).flatten(1)[:, :100]), f=L(100, 4)), IMAGES, "'c'.*places",
    ),
    "changed in place through a view": (
        network(
            lambda s, x: (lambda v: (v.view(-1, 2, 4).mul_(2), s.b(v))[1])(s.a(x)), a=L(6, 8), b=L(8, 3)
        ),
        None, "in place",
    ),
    "batch of values": (images(lambda s, x: s.f(s.c(x).mean((0, 2, 3))[None]), f=L(8, 4)), IMAGES, "'mean'"),
}
# fmt: on


@pytest.mark.parametrize(("module", "inputs", "what"), REFUSED.values(), ids=list(REFUSED))
def test_what_mixes_units_is_refused_by_name_in_one_line(module, inputs, what):
    with pytest.raises(GraphError, match=what) as refusal:
        WeightGraph.from_module(module, inputs, kept_layers="all")
    assert str(refusal.value).isprintable()


def test_changes_in_place_reach_all_that_read_the_value_later():
    def forward(s, x):
        v = s.a(x)
        w = s.b(F.relu(v, inplace=True))
        return s.c(torch.cat([F.relu(w), v], 1))

    module = network(forward, a=L(6, 8), b=L(8, 5), c=L(13, 3))
    inputs = torch.randn(50, 6)
    graph = WeightGraph.from_module(module, inputs, weighting="contribution")
    other = network(
        lambda s, x: (lambda v: s.c(torch.cat([F.relu(s.b(v)), v], 1)))(F.relu(s.a(x))),
        a=module.a, b=module.b, c=module.c,
    )  # fmt: skip
    expected = WeightGraph.from_module(other, inputs, weighting="contribution")
    for one, two in zip(graph.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(one.matrix, two.matrix)
