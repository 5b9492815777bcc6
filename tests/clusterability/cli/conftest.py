"""A place to run commands in."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """Return an empty folder with the shipped spaces, as the current one."""
    (tmp_path / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path
