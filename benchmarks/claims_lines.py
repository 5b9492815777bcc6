"""Lines of measured networks in a JSON Lines file, one a network, added to where a line lacks something."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clusterability.files import written_whole

Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """Return the lines of all networks, none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write the file anew: whatever is killed, either the old lines are there or these."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as draft:
        draft.write_text("".join(json.dumps(line) + "\n" for line in lines))
