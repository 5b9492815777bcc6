from types import SimpleNamespace

import pytest

from clusterability.config import DatasetConfig, LesionsConfig, ModelConfig, NcutConfig, NullsConfig
from clusterability.data import load_dataset
from clusterability.measurement.network import MeasuredNetwork
from clusterability.models import build_module


@pytest.fixture(scope="session")
def dataset():
    return load_dataset(DatasetConfig(name="digits", num_train=200), 0)


@pytest.fixture
def make_network(dataset):
    """Return a function that makes an untrained network ready to be measured."""

    def make(
        metrics=(), widths=(16, 16), test_contribution=True, module=None, num_clusters=3, num_random=3,
        num_examples=1000,
    ):  # fmt: skip
        if module is None:
            model = ModelConfig(widths=widths)
            module = build_module(model, input_shape=dataset.input_shape, num_classes=10, seed=0)
        config = SimpleNamespace(
            ncut=NcutConfig(num_clusters=num_clusters),
            nulls=NullsConfig(num_shuffles=3, test_contribution=test_contribution),
            lesions=LesionsConfig(num_random=num_random, num_examples=num_examples),
            metrics=metrics,
            seed=0,
        )
        return MeasuredNetwork(module.eval(), dataset, config)

    return make
