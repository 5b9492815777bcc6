"""How good the network is at its task; training records these."""

from clusterability.measurement.metric import Metric

TRAIN_ACCURACY = Metric(
    name="train_accuracy",
    meaning="share of the training examples classified right, dropout off; regression: R²",
    label="train accuracy",
    better="max",
    decimals=3,
)
VALIDATION_ACCURACY = Metric(
    name="validation_accuracy",
    meaning="the same on validation, which the search sees",
    label="validation accuracy",
    better="max",
    searchable=True,
    decimals=3,
    reported_as="test_accuracy",
)
VALIDATION_LOSS = Metric(
    name="validation_loss",
    meaning="mean cross-entropy on validation; regression: mean squared error",
    label="validation loss",
    unit="nats",
    better="min",
    searchable=True,
    decimals=3,
)
TEST_ACCURACY = Metric(
    name="test_accuracy",
    meaning="the same as `validation_accuracy` on test, which reports show and no search sees",
    label="test accuracy",
    better="max",
    decimals=3,
)
TRAIN_LOSS = Metric(
    name="train_loss",
    meaning="mean cross-entropy on the training set, dropout off; regression: mean squared error",
    label="train loss",
    unit="nats",
    better="min",
    decimals=3,
)
EPOCHS_TRAINED = Metric(
    name="epochs_trained",
    meaning="epochs of training, pruning aside: `training.epochs`, or fewer with `training.until_loss`",
    label="epochs",
    decimals=0,
)
