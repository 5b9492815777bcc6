"""Where a data file comes from: the user's folder, the cache, or a mirror, whichever has the right bytes."""

import gzip
import hashlib
import logging
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from filelock import FileLock

from clusterability.errors import DataError
from clusterability.files import written_whole

FOLDER_VARIABLE = "CLUSTERABILITY_DATA"
_SECONDS_TO_ANSWER = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """A gzipped file that several mirrors offer."""

    path: str
    """Path below the data folder and below the cache, such as `mnist/t10k-labels-idx1-ubyte.gz`."""
    urls: tuple[str, ...]
    """Where to download it, in order of preference."""
    sha256: str
    """SHA-256 of the decompressed bytes."""
    sha256_of_gzip_file: bool = False
    """Whether `sha256` is that of the gzip file instead, where no other is published."""


class _RefusedError(Exception):
    """A source that does not give the right bytes; the text says which and why."""


def cache_folder() -> Path:
    """Return the user's cache of data files (on Linux, below `XDG_CACHE_HOME`, else `~/.cache`)."""
    return Path(pooch.os_cache("clusterability"))


def fetch(file: RemoteFile) -> bytes:
    """Return the decompressed bytes of `file`, from the first source that has the right ones.

    Sources: the folder that the environment variable CLUSTERABILITY_DATA names, the user's cache, each of
    the mirrors. A download goes to the cache. Trials that need the same file at once wait for one download.

    Raises:
        DataError: no source has the file with the right SHA-256, or CLUSTERABILITY_DATA names no folder.
    """
    refusals: list[str] = []
    cached = cache_folder() / file.path
    for path in (*_in_data_folder(file), cached):
        if path.exists():
            try:
                return _verified(path, file)
            except _RefusedError as refusal:
                _log.warning("%s; trying the next source", refusal)
                refusals.append(str(refusal))
    cached.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{cached}.lock"):
        return _download(file, cached, refusals)


def _in_data_folder(file: RemoteFile) -> tuple[Path, ...]:
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return ()
    if not Path(folder).is_dir():
        raise DataError(f"{FOLDER_VARIABLE}: got {folder!r}, which is not a folder")
    return (Path(folder) / file.path,)


def _download(file: RemoteFile, cached: Path, refusals: list[str]) -> bytes:
    # Another trial may have finished the download while this one waited for the lock.
    if cached.exists():
        try:
            return _verified(cached, file)
        except _RefusedError:
            pass  # already among the refusals, and about to be replaced
    for url in file.urls:
        try:
            with written_whole(cached) as draft:
                pooch.HTTPDownloader(timeout=_SECONDS_TO_ANSWER)(url, str(draft), None)  # pyright: ignore[reportArgumentType]
                content = _verified(draft, file, name=url)
            return content
        except _RefusedError as refusal:
            refusals.append(str(refusal))
        except (requests.RequestException, OSError) as error:
            refusals.append(f"{url}: {type(error).__name__}")
        _log.warning("%s; trying the next source", refusals[-1])
    raise DataError(
        f"no source has a good {file.path} ({'; '.join(refusals)}). "
        f"Put the file below a folder and name that folder in {FOLDER_VARIABLE}"
    )


def _verified(path: Path, file: RemoteFile, *, name: str | None = None) -> bytes:
    name = name or str(path)
    try:
        compressed = path.read_bytes()
        content = gzip.decompress(compressed)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _RefusedError(f"{name}: truncated or no gzip file ({error})") from error
    checked = compressed if file.sha256_of_gzip_file else content
    if hashlib.sha256(checked).hexdigest() != file.sha256:
        raise _RefusedError(f"{name}: wrong content, its SHA-256 is not the published one")
    return content
