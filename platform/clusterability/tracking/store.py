"""Which tracking store, and a client that does not hang on it."""

import logging
import os
from pathlib import Path

# Read when MLflow is imported. Its own patience (7 retries, 120 s each) would hold a sweep up for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0.5")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from clusterability.errors import TrackingError, first_line

RUNS_FOLDER = Path("runs")
TRACKING_FAILURES = (MlflowException, OSError)
"""What a store that is down, slow or broken raises; network errors are OSErrors."""


def tracking_uri() -> str:
    """Return MLFLOW_TRACKING_URI, or the sqlite file runs/mlflow.db of the current folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{RUNS_FOLDER.resolve() / 'mlflow.db'}"


def artifact_location(uri: str) -> str | None:
    """Return where new experiments keep artifacts: beside a local database, else as the server decides."""
    return f"file://{RUNS_FOLDER.resolve() / 'mlartifacts'}" if uri.startswith("sqlite:") else None


def connect(uri: str | None = None) -> MlflowClient:
    """Return a client of the store, its database created and up to date.

    Raises:
        TrackingError: the store does not answer.
    """
    uri = uri or tracking_uri()
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        if uri.startswith("sqlite:///"):
            Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)  # the first call creates and migrates a database
    except TRACKING_FAILURES as error:
        raise TrackingError(f"tracking store {uri}: not reachable: {first_line(error)}") from None
    return client
