"""A sweep's place on disk: found again by the same command, owned by one driver at a time."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from clusterability.errors import ConfigError, StorageError, unknown_name
from clusterability.files import written_whole
from clusterability.ledger import Ledger
from clusterability.own_code import keep, source_files, use_as_hashed
from clusterability.spaces import SearchSpace, resolve_space

TUNE_FOLDER = ".tune"
"""Tune's own files in the folder of a sweep; nothing resumes from them."""
SOURCES = "sources"
"""Copies of the user's own files, as they were when the sweep began."""
_SPACE = "space.json"
_PATIENCE = 10.0  # seconds; the `sync` after a killed driver holds a sweep for some of them


def space_of(sweep_id: str, runs: Path) -> SearchSpace:
    """Return the space of a sweep on disk.

    Raises:
        ConfigError: there is no such sweep.
    """
    path = runs / sweep_id / _SPACE
    if not path.is_file():
        known = [path.parent.name for path in runs.glob(f"*/{_SPACE}")]
        raise ConfigError(unknown_name("sweep", sweep_id, known))
    content = json.loads(path.read_text())
    sources = content.get("sources", {})
    use_as_hashed(sources, path.parent / SOURCES)
    return resolve_space(content["name"], content["definition"], {}, sources)


def is_sweep(folder: Path) -> bool:
    """Whether a sweep has its place in `folder`, as seen from this machine."""
    return (folder / _SPACE).is_file()


def sweep_id_of(space: SearchSpace, runs: Path, fresh: bool) -> str:
    """Return the sweep's identifier: the space's name and fingerprint, and a number from the second on.

    The same space finds its newest sweep again, and so resumes it; `fresh` asks for a new one.
    """
    stem = f"{space.name}-{space.fingerprint}"
    pattern = re.compile(rf"{re.escape(stem)}(?:-(\d+))?")
    matches = (pattern.fullmatch(path.name) for path in runs.glob(f"{stem}*"))
    newest = max((int(match[1] or 1) for match in matches if match), default=0)
    number = newest + 1 if fresh else max(newest, 1)
    return stem if number == 1 else f"{stem}-{number}"


@contextmanager
def open_session(space: SearchSpace, runs: Path, sweep_id: str) -> Iterator[Ledger]:
    """Create the sweep's folder where needed, and hold it until the block ends.

    Raises:
        ConfigError: another process runs the same sweep.
    """
    folder = runs / sweep_id
    lock = FileLock(folder / ".lock")  # the system lets go of it even when its holder is killed
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_PATIENCE)
    except OSError as error:  # a Timeout is one of them
        if not isinstance(error, Timeout):
            raise StorageError(f"{folder}: cannot be written: {error.strerror}") from None
        raise ConfigError(
            f"sweep {sweep_id} is running in another process; wait for it, or use --fresh for a second one"
        ) from None
    ledger = Ledger(folder=folder)
    try:
        _tidy(ledger)
        _describe(space, folder)
        yield ledger
    finally:
        _tidy(ledger)
        lock.release()


def _tidy(ledger: Ledger) -> None:
    """Remove what this session leaves, or one that was killed has left."""
    ledger.remove_drafts()
    shutil.rmtree(ledger.folder / TUNE_FOLDER, ignore_errors=True)


def _describe(space: SearchSpace, folder: Path) -> None:
    summary = {"name": space.name, "definition": space.definition, "sources": space.base.sources}
    try:
        keep(source_files(space.own_components), folder / SOURCES)
        with written_whole(folder / _SPACE) as draft:
            draft.write_text(json.dumps(summary, indent=1))
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error.strerror}") from None
