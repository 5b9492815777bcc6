"""Files are taken from the first source that has the right bytes, and downloaded once."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path

import pytest

from clusterability.data.sources import RemoteFile, cache_folder, fetch
from clusterability.errors import DataError

CONTENT = bytes(range(256)) * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "toy/numbers.gz"


class Mirror:
    """A server on the loopback device with a good, a truncated and a wrong file; it notes the requests."""

    def __init__(self) -> None:
        files = {
            "/good.gz": gzip.compress(CONTENT),
            "/truncated.gz": gzip.compress(CONTENT)[:-20],
            "/other.gz": gzip.compress(b"something else"),
        }
        self.requests: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                body = files.get(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def file(self, *names: str) -> RemoteFile:
        urls = tuple(f"http://127.0.0.1:{self.server.server_port}/{name}.gz" for name in names)
        return RemoteFile(path=PATH, urls=urls, sha256=SHA256)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CLUSTERABILITY_DATA", raising=False)


def put(folder: Path, content: bytes) -> Path:
    path = folder / PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_download_is_kept_for_the_next_time(mirror: Mirror) -> None:
    assert fetch(mirror.file("good")) == CONTENT
    assert fetch(mirror.file("good")) == CONTENT
    assert mirror.requests == ["/good.gz"]
    assert [path.name for path in (cache_folder() / "toy").iterdir() if path.suffix == ".gz"] == [
        "numbers.gz"
    ]


def test_the_users_folder_comes_first(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "mine", gzip.compress(CONTENT))
    monkeypatch.setenv("CLUSTERABILITY_DATA", str(tmp_path / "mine"))
    assert fetch(mirror.file("good")) == CONTENT
    assert mirror.requests == []


@pytest.mark.parametrize("bad", [b"", b"no gzip", gzip.compress(CONTENT)[:-9], gzip.compress(b"other")])
def test_a_bad_file_is_named_and_passed_over(
    mirror: Mirror,
    bad: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = put(tmp_path / "mine", bad)
    monkeypatch.setenv("CLUSTERABILITY_DATA", str(tmp_path / "mine"))
    assert fetch(mirror.file("good")) == CONTENT
    assert str(path) in caplog.text
    assert path.read_bytes() == bad


def test_a_bad_cached_file_is_replaced(mirror: Mirror) -> None:
    path = put(cache_folder(), b"damaged")
    assert fetch(mirror.file("good")) == CONTENT
    assert gzip.decompress(path.read_bytes()) == CONTENT


def test_bad_mirrors_are_passed_over(mirror: Mirror) -> None:
    assert fetch(mirror.file("missing", "truncated", "other", "good")) == CONTENT
    assert mirror.requests == ["/missing.gz", "/truncated.gz", "/other.gz", "/good.gz"]


def test_the_error_names_every_source_in_one_line(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "mine", b"damaged")
    monkeypatch.setenv("CLUSTERABILITY_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError) as raised:
        fetch(mirror.file("missing", "other"))
    message = str(raised.value)
    assert "\n" not in message
    for part in (str(path), "missing.gz", "other.gz", "CLUSTERABILITY_DATA"):
        assert part in message
    leftovers = {path.name for path in (cache_folder() / "toy").iterdir()}
    assert leftovers <= {"numbers.gz.lock"}


def test_a_data_folder_that_is_none_is_an_error(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERABILITY_DATA", str(tmp_path / "absent"))
    with pytest.raises(DataError, match="absent"):
        fetch(mirror.file("good"))


def test_processes_that_want_the_same_file_download_it_once(mirror: Mirror) -> None:
    file = mirror.file("good")
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        contents = list(pool.map(fetch, [file] * 8))
    assert contents == [CONTENT] * 8
    assert mirror.requests == ["/good.gz"]


def test_a_gzip_files_own_sum_can_be_the_published_one(mirror: Mirror, tmp_path: Path) -> None:
    path = put(cache_folder(), gzip.compress(CONTENT))
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    assert fetch(replace(mirror.file("good"), sha256=good, sha256_of_gzip_file=True)) == CONTENT
    with pytest.raises(DataError, match="wrong content"):
        fetch(replace(mirror.file("other"), sha256=good[::-1], sha256_of_gzip_file=True))
