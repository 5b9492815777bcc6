"""The clusterable initialisation multiplies the Glorot weights by two factors, as random modules say."""

import numpy as np
import pytest
from torch import nn

from clusterability.config import ModelConfig
from clusterability.models import build_module


def matrices(config: ModelConfig, num_classes: int = 10) -> list[np.ndarray]:
    module = build_module(config, input_shape=(6, 8), num_classes=num_classes, seed=3)
    return [layer.weight.detach().numpy() for layer in module.modules() if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize(("num_modules", "between"), [(10, 0.6), (2, 0.0), (4, 0.9)])
def test_weights_are_scaled_by_two_factors_but_for_the_first_layer(num_modules: int, between: float) -> None:
    plain = matrices(ModelConfig(widths=(80, 90, 70)))
    config = ModelConfig(
        widths=(80, 90, 70), initialisation="clusterable", num_modules=num_modules, between_modules=between
    )
    first, *scaled = matrices(config)
    np.testing.assert_array_equal(first, plain[0])
    within = 1 + (1 - between) * (num_modules - 1)
    ratios = [weight / other for weight, other in zip(scaled, plain[1:], strict=True)]
    for ratio in ratios:
        is_within = np.isclose(ratio, within, rtol=1e-5)
        assert (is_within | np.isclose(ratio, between, rtol=1e-5)).all()
        assert abs(is_within.mean() - 1 / num_modules) < 0.05
        assert abs(ratio.mean() - 1) < 0.2
        # Units of one module have the same partners: the pattern is that of a partition.
        patterns = np.unique(is_within, axis=0)
        assert len(patterns) <= num_modules
        assert patterns.sum(axis=0).max() == 1
    incoming = ratios[0] > 1
    outgoing = ratios[1].T > 1
    same = incoming @ incoming.T > 0
    assert ((outgoing @ outgoing.T > 0) == same).all()


def test_outputs_are_spread_over_the_modules_when_there_are_enough() -> None:
    weight = matrices(ModelConfig(widths=(300,), initialisation="clusterable", between_modules=0))[-1]
    assert ((weight != 0).sum(axis=0) == 1).all()
    assert (np.abs(weight).sum(axis=1) > 0).all()
