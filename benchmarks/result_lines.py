"""Lines of what has been measured, in JSON Lines files, by which benchmarks resume."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clusterability.files import written_whole

Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """Return all lines, none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write the file whole: whatever is killed, either the old lines are there or these."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as draft:
        draft.write_text("".join(json.dumps(line) + "\n" for line in lines))
