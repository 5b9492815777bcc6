"""Where a trial's numbers come from: commit, versions, machine."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("clusterability", "torch", "numpy", "scipy", "scikit-learn", "ray", "optuna", "mlflow")


@cache
def provenance() -> dict[str, str]:
    """Return the git commit ("+" where files are changed), versions of libraries and Python, the machine."""
    versions = {f"version_{name}": version(name) for name in _LIBRARIES}
    return {
        "git_commit": git_commit(),
        "host": platform.node(),
        "version_python": platform.python_version(),
        **versions,
    }


def git_commit() -> str:
    """Return the commit of the source tree this package runs from, or "unknown" outside a git checkout."""
    folder = Path(__file__).parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
