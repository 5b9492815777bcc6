"""How well the network does its task."""

from clusterability.measurement.metric import Metric

VALIDATION_ACCURACY = Metric(
    name="validation_accuracy",
    meaning="Share of the validation examples classified right.",
    label="validation accuracy",
    better="max",
    searchable=True,
    decimals=3,
    reported_as="test_accuracy",
)
TEST_ACCURACY = Metric(
    name="test_accuracy",
    meaning="Share of the test examples classified right.",
    label="test accuracy",
    better="max",
    decimals=3,
)
VALIDATION_LOSS = Metric(
    name="validation_loss",
    meaning="Mean cross-entropy of the validation examples; regression: their mean squared error.",
    label="validation loss",
    unit="nats",
    better="min",
    searchable=True,
    decimals=3,
)
