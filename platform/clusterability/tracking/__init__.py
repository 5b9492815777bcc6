"""Trial records to and from MLflow; the only room that imports it."""

from clusterability.tracking.background import BackgroundTracking
from clusterability.tracking.reader import find_sweep, log_report
from clusterability.tracking.store import RUNS_FOLDER, TRACKING_FAILURES, connect, tracking_uri
from clusterability.tracking.table import SweepTable
from clusterability.tracking.tracker import Tracker, open_tracker
from clusterability.tracking.view import view_addresses

__all__ = [
    "RUNS_FOLDER",
    "TRACKING_FAILURES",
    "BackgroundTracking",
    "SweepTable",
    "Tracker",
    "connect",
    "find_sweep",
    "log_report",
    "open_tracker",
    "tracking_uri",
    "view_addresses",
]
