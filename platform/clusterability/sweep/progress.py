"""What a person sees while a sweep runs: a live line on a terminal, plain lines elsewhere."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from clusterability.config import Objective, TrialConfig
from clusterability.duration import format_duration
from clusterability.measurement.find_metric import find_metric
from clusterability.measurement.graph_suffix import GRAPH_SUFFIXES
from clusterability.measurement.metric import Metric
from clusterability.spaces import SearchSpace


@dataclass(kw_only=True, slots=True)
class Tally:
    """Where the sweep stands."""

    total: int
    objectives: tuple[Objective, ...]
    done_before: int = 0
    """Trials finished in earlier sessions."""
    running: int = 0
    complete: int = 0
    failed: int = 0
    best: dict[str, float] = field(default_factory=dict)
    """Best value of each objective so far, by its metric."""
    started: float = field(default_factory=monotonic)

    @property
    def finished(self) -> int:
        """Trials with a result, of this session and earlier ones."""
        return self.done_before + self.complete + self.failed

    def take(self, metrics: dict[str, Any], state: str) -> None:
        """Count one finished trial."""
        if state != "complete":
            self.failed += 1
            return
        self.complete += 1
        for objective, metric in _described(self.objectives):
            better = max if objective.direction == "max" else min
            value = metrics.get(metric.name)
            if value is not None:
                self.best[objective.metric] = better(value, self.best.get(objective.metric, value))

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the pace of this session; None before its first result."""
        here = self.complete + self.failed
        if not here:
            return None
        return (monotonic() - self.started) / here * (self.total - self.finished)

    def summary(self) -> str:
        """Return the counts, the best values and the time left in one line."""
        parts = [f"{self.running} running", f"{self.failed} failed"]
        for objective, metric in _described(self.objectives):
            if objective.metric in self.best:
                parts.append(f"best {metric.label} {self.best[objective.metric]:.{metric.decimals}f}")
        if self.seconds_left is not None:
            parts.append(f"{format_duration(self.seconds_left)} left")
        return " · ".join(parts)


class Display(Protocol):
    """Shows a tally."""

    def __enter__(self) -> "Display": ...

    def __exit__(self, *details: object) -> None: ...

    def update(self, tally: Tally) -> None:
        """Show the current counts."""

    def finished(self, tally: Tally, config: TrialConfig, metrics: dict[str, Any], error: str | None) -> None:
        """Show a trial's result."""


def make_display(console: Console, space: SearchSpace, total: int) -> Display:
    """Return a live line where there is a terminal, else plain lines."""
    return LiveLine(console, total) if console.is_terminal else PlainLines(console, space)


class LiveLine:
    """A bar, the counts, the best values and the time left, in place."""

    def __init__(self, console: Console, total: int) -> None:
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
            refresh_per_second=2,
        )
        self._task = self._progress.add_task("starting workers", total=total)

    def __enter__(self) -> "LiveLine":
        self._progress.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._progress.stop()

    def update(self, tally: Tally) -> None:
        """Redraw the line."""
        self._progress.update(self._task, completed=tally.finished, description=tally.summary())

    def finished(self, tally: Tally, config: TrialConfig, metrics: dict[str, Any], error: str | None) -> None:
        """Print the reason of a failure above the line."""
        if error:
            self._progress.console.print(f"{config.trial_id} failed: {error}", style="yellow", markup=False)


class PlainLines:
    """One line for each finished trial."""

    def __init__(self, console: Console, space: SearchSpace) -> None:
        self._console = console
        self._space = space

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *details: object) -> None:
        pass

    def update(self, tally: Tally) -> None:
        """Show nothing: lines appear with results."""

    def finished(self, tally: Tally, config: TrialConfig, metrics: dict[str, Any], error: str | None) -> None:
        """Print the trial's result and where the sweep stands."""
        if error:
            result = f"failed: {error}"
        else:
            seconds = metrics["seconds_training"] + metrics["seconds_measuring"]
            values = [_result(metric, metrics) for _, metric in _described(tally.objectives)]
            result = ", ".join([*values, format_duration(seconds)])
        label = f"[{tally.finished}/{tally.total}] {self._space.label(config)}, seed {config.seed}"
        self._console.out(f"{label}: {result} | {tally.summary()}", highlight=False)


def _described(objectives: tuple[Objective, ...]) -> list[tuple[Objective, Metric]]:
    return [(item, find_metric(item.metric, item.direction)) for item in objectives]


def _result(metric: Metric, metrics: dict[str, Any]) -> str:
    """Write one value of a trial, an n-cut with the mean of its null."""
    if metric.name not in metrics:
        return f"{metric.label} –"
    written = f"{metric.label} {metrics[metric.name]:.{metric.decimals}f}"
    for suffix in GRAPH_SUFFIXES.values():
        if metric.name == f"ncut{suffix}" and f"null_mean{suffix}" in metrics:
            return f"{written} (null {metrics[f'null_mean{suffix}']:.{metric.decimals}f})"
    return written
