"""How long a trial took; the trial records these."""

from clusterability.measurement.metric import Metric

SECONDS_TRAINING = Metric(
    name="seconds_training",
    meaning="wall-clock time of training and pruning",
    label="seconds of training",
    unit="s",
    decimals=1,
)
SECONDS_MEASURING = Metric(
    name="seconds_measuring",
    meaning="wall-clock time of all that is measured, after training and, for curves, during it",
    label="seconds of measuring",
    unit="s",
    decimals=1,
)
