"""`clusterability ui`."""

import argparse
import os
import subprocess
import sys

from rich.console import Console

from clusterability.tracking import connect, tracking_uri


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="port to listen on (default: %(default)s)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve MLflow's own web page until interrupted."""
    uri = tracking_uri()
    connect(uri)
    console.print(
        f"MLflow UI of {uri}: http://{arguments.host}:{arguments.port} (Ctrl-C ends it)", soft_wrap=True
    )
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--workers", "1"]
    command += ["--host", arguments.host, "--port", str(arguments.port)]
    # Ten processes by default; the page needs one.
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return subprocess.run(command, env=environment, check=False).returncode
