"""What a person sees while a sweep runs: a live line on a terminal, plain lines elsewhere."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from clusterability.config import TrialConfig
from clusterability.spaces import SearchSpace


@dataclass(kw_only=True, slots=True)
class Tally:
    """Where the sweep stands."""

    total: int
    done_before: int = 0
    """Trials finished in earlier sessions."""
    running: int = 0
    complete: int = 0
    failed: int = 0
    best_accuracy: float | None = None
    best_ncut: float | None = None
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
        self.best_accuracy = max(metrics["validation_accuracy"], self.best_accuracy or 0.0)
        ncut = metrics["ncut"]
        self.best_ncut = ncut if self.best_ncut is None else min(ncut, self.best_ncut)

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
        if self.best_accuracy is not None:
            parts.append(f"best accuracy {self.best_accuracy:.3f}")
        if self.best_ncut is not None:
            parts.append(f"best n-cut {self.best_ncut:.2f}")
        if self.seconds_left is not None:
            parts.append(f"{_duration(self.seconds_left)} left")
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
            result = (
                f"accuracy {metrics['validation_accuracy']:.3f}, n-cut {metrics['ncut']:.2f} "
                f"(null {metrics['null_mean']:.2f}), {seconds:.1f} s"
            )
        label = f"[{tally.finished}/{tally.total}] {self._space.label(config)}, seed {config.seed}"
        self._console.out(f"{label}: {result} | {tally.summary()}", highlight=False)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
