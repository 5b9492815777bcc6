"""The penalty is the mean of the smallest eigenvalues, and its gradient is the true one."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.linalg import eigvalsh
from torch import nn

from clusterability.config import ModelConfig
from clusterability.errors import ConfigError, GraphError
from clusterability.models import build_module
from clusterability.training.penalties._adjacency import NodeOrder
from clusterability.training.penalties._edges import EdgeWeights
from clusterability.training.penalties._eigenvalues import ClusterabilityPenalty


class Blocks:
    """Free edge weights between layers, as a network would give them."""

    def __init__(self, widths: Sequence[int], blocks: Sequence[tuple[int, int]], seed: int = 0) -> None:
        self.layout = NodeOrder(widths=tuple(widths), blocks=tuple(blocks))
        random = torch.Generator().manual_seed(seed)
        self.weights = [
            torch.randn(widths[a], widths[b], generator=random, dtype=torch.float64).requires_grad_()
            for a, b in blocks
        ]

    def __call__(self) -> Sequence[torch.Tensor]:
        return self.weights


def laplacian_mean(edges: EdgeWeights, count: int) -> float:
    """Mean of the `count` smallest eigenvalues but the first, by a dense solver on the whole Laplacian."""
    starts = np.concatenate([[0], np.cumsum(edges.layout.widths)])
    A = np.zeros((starts[-1], starts[-1]))
    for (source, target), weight in zip(edges.layout.blocks, edges(), strict=True):
        A[starts[source] : starts[source + 1], starts[target] : starts[target + 1]] += np.abs(
            weight.detach().double().numpy()
        )
    A = A + A.T
    A = A[A.sum(axis=0) > 0][:, A.sum(axis=0) > 0]
    root = 1 / np.sqrt(A.sum(axis=0))
    return float(eigvalsh(np.eye(len(A)) - root[:, None] * A * root)[1 : 1 + count].mean())


def differences(penalty: ClusterabilityPenalty, weights: Sequence[torch.Tensor], step: float = 1e-5) -> None:
    """Compare the gradient with central differences of the dense solver, in 20 random directions."""
    gradient = torch.autograd.grad(penalty(), list(weights))
    random = torch.Generator().manual_seed(1)
    count = penalty.subspace._count
    for _ in range(20):
        directions = [
            torch.randn(w.shape, generator=random, dtype=w.dtype) * w.detach().abs() for w in weights
        ]
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                for weight, direction in zip(weights, directions, strict=True):
                    weight += sign * step * direction
                values.append(laplacian_mean(penalty.edge_weights, count))
                for weight, direction in zip(weights, directions, strict=True):
                    weight -= sign * step * direction
        slope = (values[0] - values[1]) / (2 * step)
        exact = sum((g * d).sum().item() for g, d in zip(gradient, directions, strict=True))
        scale = sum(g.square().sum().item() for g in gradient) ** 0.5
        assert abs(slope - exact) < 1e-6 * max(scale, abs(exact))


SHAPES = {
    "chain": ((9, 8, 7, 5), ((0, 1), (1, 2), (2, 3))),
    "one layer": ((9, 8), ((0, 1),)),
    "skip over one layer, an odd cycle": ((6, 7, 6, 5), ((0, 1), (1, 2), (0, 2), (2, 3))),
    "skip over two layers": ((6, 7, 6, 5), ((0, 1), (1, 2), (2, 3), (0, 3))),
}


@pytest.fixture
def graph(request: pytest.FixtureRequest) -> Blocks:
    """Return a graph of its own for each test: finite differences change weights in place."""
    return Blocks(*SHAPES[request.param])


@pytest.mark.parametrize("graph", SHAPES, indirect=True)
@pytest.mark.parametrize("count", [1, 3, 5])
def test_penalty_is_the_mean_of_the_smallest_eigenvalues(graph: Blocks, count: int) -> None:
    penalty = ClusterabilityPenalty(nn.Identity(), count, edge_weights=graph)
    assert penalty().item() == pytest.approx(laplacian_mean(graph, count), rel=1e-9)


@pytest.mark.parametrize("graph", SHAPES, indirect=True)
@pytest.mark.parametrize("count", [1, 3])
def test_gradient_is_that_of_finite_differences(graph: Blocks, count: int) -> None:
    differences(ClusterabilityPenalty(nn.Identity(), count, edge_weights=graph), graph.weights)


def test_gradient_of_a_perceptron_is_that_of_finite_differences() -> None:
    config = ModelConfig(widths=(12, 11, 10))
    module = build_module(config, input_shape=(4, 4), num_classes=6, seed=0).double()
    weights = [layer.weight for layer in module.modules() if isinstance(layer, nn.Linear)]
    differences(ClusterabilityPenalty(module, 3), weights)


def test_isolated_units_take_no_part() -> None:
    edges = Blocks((9, 8, 7, 5), ((0, 1), (1, 2), (2, 3)))
    with torch.no_grad():
        edges.weights[0][2] = 0  # an input without edges
        edges.weights[1][:, 3] = 0  # and a hidden unit
        edges.weights[2][3] = 0
    penalty = ClusterabilityPenalty(nn.Identity(), 3, edge_weights=edges)
    assert penalty().item() == pytest.approx(laplacian_mean(edges, 3), rel=1e-9)
    penalty().backward()
    for weight in edges.weights:
        assert weight.grad is not None
        assert weight.grad.isfinite().all()
    differences(penalty, edges.weights)


def test_a_graph_that_falls_apart_has_zero_eigenvalues() -> None:
    edges = Blocks((8, 8, 8), ((0, 1), (1, 2)))
    with torch.no_grad():
        for weight in edges.weights:
            weight[:4, 4:] = 0
            weight[4:, :4] = 0
    assert ClusterabilityPenalty(nn.Identity(), 1, edge_weights=edges)().item() == pytest.approx(0, abs=1e-12)
    penalty = ClusterabilityPenalty(nn.Identity(), 3, edge_weights=edges)
    assert penalty().item() == pytest.approx(laplacian_mean(edges, 3), rel=1e-9)
    differences(penalty, edges.weights)


def test_coinciding_eigenvalues_have_the_gradient_of_their_sum() -> None:
    """Three equal disjoint blocks, joined weakly: every eigenvalue comes two- or threefold."""
    edges = Blocks((9, 9), ((0, 1),))
    with torch.no_grad():
        block = torch.rand(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) + 1
        edges.weights[0].copy_(torch.block_diag(block, block, block) + 0.1)
    values = [laplacian_mean(edges, count) * count for count in (1, 2, 3)]
    assert values[1] - values[0] == pytest.approx(values[0], rel=1e-9)
    assert values[2] - values[1] > 1.5 * values[0]
    differences(ClusterabilityPenalty(nn.Identity(), 2, edge_weights=edges), edges.weights, step=1e-6)


def test_at_a_kink_the_gradient_is_a_supergradient() -> None:
    """Where e cuts through equal eigenvalues, no smooth branch of the penalty rises faster."""
    edges = Blocks((6, 6), ((0, 1),))
    with torch.no_grad():
        edges.weights[0].copy_(torch.block_diag(*[torch.ones(2, 2, dtype=torch.float64)] * 3) + 0.1)
    penalty = ClusterabilityPenalty(nn.Identity(), 1, edge_weights=edges)
    value = penalty()
    (gradient,) = torch.autograd.grad(value, edges.weights)
    random = torch.Generator().manual_seed(3)
    for _ in range(50):
        direction = torch.randn(6, 6, generator=random, dtype=torch.float64)
        with torch.no_grad():
            edges.weights[0] += 1e-6 * direction
            slope = (laplacian_mean(edges, 1) - value.item()) / 1e-6
            edges.weights[0] -= 1e-6 * direction
        assert slope <= (gradient * direction).sum().item() + 1e-5


@pytest.mark.parametrize("follow_every", [1, 3])
@pytest.mark.parametrize("count", [3, 11])
def test_following_stays_close_to_exact_while_training(count: int, follow_every: int) -> None:
    torch.manual_seed(0)
    module = build_module(ModelConfig(widths=(96, 64, 64)), input_shape=(10, 10), num_classes=10, seed=0)
    penalty = ClusterabilityPenalty(module, count, refresh_every=10**9, follow_every=follow_every)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    inputs, labels = torch.rand(2000, 100), torch.randint(10, (2000,))
    for step in range(500):
        rows = torch.randint(2000, (64,))
        value = penalty()
        loss = nn.functional.cross_entropy(module(inputs[rows]), labels[rows]) + value
        if step % 25 < 3:
            assert value.item() == pytest.approx(laplacian_mean(penalty.edge_weights, count), rel=0.01)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert penalty.subspace.num_refreshes <= 25


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_adding_the_gradient_is_backward(count: int) -> None:
    module = build_module(ModelConfig(widths=(13, 9, 11)), input_shape=(7,), num_classes=5, seed=0).double()
    inputs = torch.rand(20, 7, dtype=torch.float64)
    results = []
    for adds in (False, True):
        penalty = ClusterabilityPenalty(module, count)
        assert penalty.adds_gradients
        module.zero_grad()
        loss = module(inputs).square().sum()
        if adds:
            loss.backward()
            value = penalty.add_gradient(0.7)
        else:
            value = 0.7 * penalty()
            (loss + value).backward()
        gradients = [
            parameter.grad.clone() for parameter in module.parameters() if parameter.grad is not None
        ]
        results.append((value.item(), gradients))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    for one, other in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_a_network_changed_at_a_stroke_is_noticed() -> None:
    edges = Blocks((40, 40, 40), ((0, 1), (1, 2)))
    penalty = ClusterabilityPenalty(nn.Identity(), 3, edge_weights=edges)
    penalty()
    with torch.no_grad():
        for weight in edges.weights:
            weight.copy_(torch.randn(40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(9)))
            weight[:20, 20:] *= 0.1
            weight[20:, :20] *= 0.1
    assert penalty().item() == pytest.approx(laplacian_mean(edges, 3), rel=1e-3)
    assert penalty.subspace.num_refreshes == 2


@pytest.mark.parametrize("blocks", [((0, 1), (1, 2)), ((0, 1), (1, 2), (0, 2))])
def test_large_graphs_are_solved_by_iteration(
    blocks: tuple[tuple[int, int], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusterability.training.penalties._subspace._LARGEST_DENSE", 10)
    edges = Blocks((60, 50, 40), blocks)
    with torch.no_grad():  # planted groups, so that there is a gap to converge by
        for weight in edges.weights:
            same = torch.arange(weight.shape[0])[:, None] % 4 == torch.arange(weight.shape[1]) % 4
            weight *= torch.where(same, 1.0, 0.1)
    penalty = ClusterabilityPenalty(nn.Identity(), 3, edge_weights=edges)
    assert penalty().item() == pytest.approx(laplacian_mean(edges, 3), rel=1e-3)


def test_float32_agrees_with_float64() -> None:
    module = build_module(ModelConfig(widths=(64, 64)), input_shape=(8, 8), num_classes=10, seed=0)
    weights = [layer.weight for layer in module.modules() if isinstance(layer, nn.Linear)]
    single = torch.autograd.grad(ClusterabilityPenalty(module, 3)(), weights)
    double = [w.detach().double() for w in weights]
    module.double()
    torch.testing.assert_close([w.detach() for w in weights], double)
    exact = torch.autograd.grad(ClusterabilityPenalty(module, 3)(), weights)
    for one, other in zip(single, exact, strict=True):
        assert (one - other).norm() < 1e-3 * other.norm()


def test_modules_without_a_chain_are_refused() -> None:
    with pytest.raises(GraphError, match="at least one"):
        ClusterabilityPenalty(nn.ReLU())
    with pytest.raises(GraphError, match="reads 5 units, but the layer before has 4"):
        ClusterabilityPenalty(nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 6)))
    with pytest.raises(ConfigError, match="got 10, allowed: 1 to 2"):
        ClusterabilityPenalty(nn.Sequential(nn.Linear(3, 4)), 10)
