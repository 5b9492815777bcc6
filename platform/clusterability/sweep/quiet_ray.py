"""Ray without its noise. Import this before anything of Ray: some settings are read only once."""

import logging
import os

_SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",  # else verbose=0 still prints a configuration table
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else a warning about accelerators on every start
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # its own lines on a lost worker: ours has the reason
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # CSV, JSON and TensorBoard files cost the driver time
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a failed trial has no objectives, and is no reason to stop
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: the ledger is whole at any moment
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # Tune's own state is not what a sweep resumes from
    "RAY_memory_monitor_refresh_ms": "0",  # its kills end the whole sweep; our watchdog ends one trial
    "TUNE_WARN_THRESHOLD_S": "60",
}

for name, value in _SETTINGS.items():
    os.environ.setdefault(name, value)

import ray  # noqa: E402

for logger in ("ray", "ray.train", "ray.air"):
    logging.getLogger(logger).setLevel(logging.ERROR)
logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # our own line reports a lost worker

__all__ = ["ray"]
