"""Files that are whole or not there: written beside their place, then moved into it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a draft beside `path`, with its suffix, that takes its place when the block ends.

    A reader sees the old file or the new one, whatever is killed. A block that fails leaves the old one.
    """
    draft = path.with_name(f".{uuid4().hex[:8]}.{path.name}")  # process ids repeat between machines
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
