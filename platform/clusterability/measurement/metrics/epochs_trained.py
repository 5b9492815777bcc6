"""How long a network was trained."""

from clusterability.measurement.metric import Metric

EPOCHS_TRAINED = Metric(
    name="epochs_trained",
    meaning="epochs of training before any pruning: `training.epochs`, or fewer with `training.until_loss`",
    label="epochs",
    unit="epochs",
    decimals=0,
)
