"""Sweeps on Ray Tune with Optuna; the only room that imports them."""

# First, so that Ray reads its quiet settings before any module of this room imports it.
from clusterability.sweep import quiet_ray  # noqa: F401  # isort: split
from clusterability.sweep.dry_run import SweepPlan, plan_sweep
from clusterability.sweep.from_outside import is_outside, run_on_head
from clusterability.sweep.launch import SweepOptions, SweepOutcome, run_sweep, sync_sweep

__all__ = [
    "SweepOptions",
    "SweepOutcome",
    "SweepPlan",
    "is_outside",
    "plan_sweep",
    "run_on_head",
    "run_sweep",
    "sync_sweep",
]
