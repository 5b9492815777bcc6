"""A network measured from time to time while it is trained."""

import math
from copy import deepcopy
from time import perf_counter

import torch
from torch import nn

from clusterability.config import MeasurementConfig, TrialConfig
from clusterability.data import Dataset
from clusterability.errors import ClusterabilityError
from clusterability.measurement.followed import CURVE_EXAMPLES, FOLLOWED
from clusterability.measurement.network import MeasuredNetwork

STEP = "step"
"""The curve that says after how many steps each point was measured."""


class Curves:
    """Measures what `FOLLOWED` lists at the points that `measurement` asks for; an `Observer` of training.

    A point is measured on a copy of the network, so that nothing that is attached to it for training takes
    part, and draws nothing from torch's generators: training is the same with curves and without. What was
    measured before an interruption comes back with the checkpoint.
    """

    def __init__(self, module: nn.Module, dataset: Dataset, config: TrialConfig) -> None:
        """Take the network before it is trained, and its trial."""
        self._copy = deepcopy(module).eval()
        self._dataset = dataset
        self._config = config
        self._steps: list[int] = []
        self._values: list[list[float]] = []
        self._steps_per_epoch = 1
        self.seconds = 0.0
        """Wall-clock time of measuring, over all sessions that training took."""

    def observe(self, module: nn.Module, step: int, steps_per_epoch: int) -> None:
        """Measure the network where this step is one of the points."""
        self._steps_per_epoch = steps_per_epoch
        if is_point(self._config.measurement, step, steps_per_epoch):
            self._measure(module, step)

    def observe_last(self, module: nn.Module, step: int, steps_per_epoch: int) -> None:
        """Measure the trained network where the points are spaced by `log` and it is not one of them."""
        self._steps_per_epoch = steps_per_epoch
        if self._config.measurement.epochs == "log" and step not in self._steps:
            self._measure(module, step)

    def state(self) -> list[torch.Tensor]:
        """Return what a checkpoint holds of the points so far."""
        return [
            torch.tensor(self._steps, dtype=torch.int64),
            torch.tensor(self._values, dtype=torch.float64),
            torch.tensor(self.seconds, dtype=torch.float64),
        ]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned."""
        steps, values, seconds = state
        self._steps, self._values, self.seconds = steps.tolist(), values.tolist(), seconds.item()

    @property
    def record(self) -> dict[str, list[tuple[float, float]]]:
        """Points (epoch, value) by name, what could not be measured left out; under "step" the steps."""
        epochs = [step / self._steps_per_epoch for step in self._steps]
        series = {STEP: [float(step) for step in self._steps]}
        series |= {name: [row[place] for row in self._values] for place, name in enumerate(FOLLOWED)}
        curves = {
            name: [
                (epoch, value) for epoch, value in zip(epochs, values, strict=True) if math.isfinite(value)
            ]
            for name, values in series.items()
        }
        return {name: points for name, points in curves.items() if points}

    @property
    def notes(self) -> list[str]:
        """A line for each curve with points that could not be measured."""
        notes = []
        for place, name in enumerate(FOLLOWED):
            missing = [
                f"{step / self._steps_per_epoch:g}"
                for step, row in zip(self._steps, self._values, strict=True)
                if not math.isfinite(row[place])
            ]
            if missing:
                notes.append(f"curves: {name} could not be measured after epochs {', '.join(missing)}")
        return notes

    def _measure(self, module: nn.Module, step: int) -> None:
        started = perf_counter()
        self._copy.to(next(module.parameters()).device).load_state_dict(module.state_dict())
        network = MeasuredNetwork(self._copy, self._dataset, self._config, CURVE_EXAMPLES)
        self._steps.append(step)
        self._values.append([_value(name, network) for name in FOLLOWED])
        self.seconds += perf_counter() - started


def is_point(config: MeasurementConfig, step: int, steps_per_epoch: int) -> bool:
    """Return whether a network is measured after `step` steps, the end of `log` aside."""
    epoch, rest = divmod(step, steps_per_epoch)
    if step in config.steps:
        return True
    if rest:
        return False
    return epoch & (epoch - 1) == 0 if config.epochs == "log" else epoch in (config.epochs or ())


def _value(name: str, network: MeasuredNetwork) -> float:
    """Return a value; NaN where it cannot be measured, as when hardly any unit is alive."""
    try:
        return FOLLOWED[name](network)
    except ClusterabilityError:
        return math.nan
