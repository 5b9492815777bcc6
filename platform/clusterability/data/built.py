"""What was built from data is kept: once per machine."""

import logging
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock

from clusterability.data.sources import cache_folder
from clusterability.files import written_whole

# Raised whenever the same recipe gives other arrays than before.
_VERSION = 1
_log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


def kept(recipe: str, build: Callable[[], Arrays]) -> Arrays:
    """Return the arrays of `recipe` from the user's cache; build and keep them where they are not there.

    Trials that need the same arrays at once wait for one of them to build. A damaged file is built again, and
    where the cache cannot be written the arrays are built every time.
    """
    path = cache_folder() / "built" / f"{recipe}-v{_VERSION}.npz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            arrays = _read(path)
            if arrays is None:
                arrays = build()
                _write(path, arrays)
            return arrays
    except OSError as error:
        _log.warning("%s: cannot be kept there (%s)", path, error)
        return build()


def _read(path: Path) -> Arrays | None:
    if not path.exists():
        return None
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("%s is damaged (%s); building it again", path, error)
        return None


def _write(path: Path, arrays: Arrays) -> None:
    with written_whole(path) as draft, draft.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
