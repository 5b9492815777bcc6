"""One trial from configuration to record, the same in-process and on a worker."""

from clusterability.trial.run import run_trial

__all__ = ["run_trial"]
