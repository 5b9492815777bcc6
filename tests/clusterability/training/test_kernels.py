"""L1 and L2 are Keras's."""

import numpy as np
from torch import nn

from clusterability.training.kernels import kernels
from clusterability.training.penalties.l1 import L1
from clusterability.training.penalties.l2 import L2


def test_kernels_are_the_weights_without_biases_and_normalisation() -> None:
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 5))
    assert [tuple(weight.shape) for weight in kernels(module)] == [(3, 1, 3, 3), (5, 12)]


def test_the_penalties_are_the_formulas_with_its_gradient() -> None:
    module = nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    weights = kernels(module)
    penalty = L1(weight=0.3).attach(module).value() + L2(weight=0.7).attach(module).value()
    flat = np.concatenate([weight.detach().numpy().ravel() for weight in weights])
    np.testing.assert_allclose(penalty.item(), 0.3 * np.abs(flat).sum() + 0.7 * (flat**2).sum(), rtol=1e-12)
    penalty.backward()
    gradient = np.concatenate([weight.grad.numpy().ravel() for weight in weights if weight.grad is not None])
    np.testing.assert_allclose(gradient, 0.3 * np.sign(flat) + 1.4 * flat, rtol=1e-12)
