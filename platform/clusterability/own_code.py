"""The user's own components: found, imported, hashed, kept with a sweep."""

import ast
import hashlib
import importlib
import re
import shutil
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from clusterability.errors import ClusterabilityError, ConfigError, first_line, unknown_name
from clusterability.files import written_whole

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
_PLACES = ("own", "installed")
_DIGITS = 12  # of a file's SHA-256: enough to tell versions of one file apart


def is_own(name: str) -> bool:
    """Whether `name` is a component of the user's, "package.module:attribute"."""
    return re.fullmatch(r"[^\W\d][\w.]*:[^\W\d]\w*", name) is not None


def import_own(name: str) -> Any:
    """Return what "package.module:attribute" names, from the current folder or an installed package.

    Raises:
        ConfigError: a module or an attribute that is not there, or a module that fails; with file and line.
    """
    module_name, _, attribute = name.partition(":")
    _forget_if_changed(name)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's own code may raise anything
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise ConfigError(f"there is no module {missing!r} in {Path.cwd()}, nor installed") from None
        place = _place(error)
        raise ConfigError(f"{place}: {_said(error)}" if place else _said(error)) from None
    if not attribute or not hasattr(module, attribute):
        public = [item for item in vars(module) if not item.startswith("_")]
        file = f"{_shown(module.__file__)}: " if module.__file__ else ""  # a folder of modules has no file
        raise ConfigError(f"{file}{unknown_name('attribute', attribute, public)}")
    return getattr(module, attribute)


@contextmanager
def blamed(kind: str, name: str) -> Iterator[None]:
    """Turn what a component of the user's own raises into a ConfigError that names it, its file and line."""
    try:
        yield
    except ClusterabilityError:
        raise
    except (Exception, SystemExit) as error:  # the user's own code may raise anything
        if not is_own(name):
            raise
        raise ConfigError(f"{whose(kind, name, error)}: {_said(error)}") from error


def source_files(names: Iterable[str]) -> dict[str, Path]:
    """Return the files of the user's that components depend on, by their names below the import root.

    These are all Python files of the packages that the components live in and, in the current folder (or
    the copies of it that are in use), of every other package or module there that these import. Code is
    taken by packages, since what a package imports while it runs cannot be read off.
    """
    return _files_of(_top(name) for name in names if is_own(name))


def _files_of(tops: Iterable[str]) -> dict[str, Path]:
    _search_here()
    here = (*_kept, str(Path.cwd()))
    waiting = list(tops)
    seen: set[str] = set()
    files: dict[str, Path] = {}
    while waiting:
        top = waiting.pop()
        place = _place_of(top)
        if top in seen or place is None:
            continue
        seen.add(top)
        own = sorted(_python_files(place)) if place.is_dir() else [place]
        files |= {path.relative_to(place.parent).as_posix(): path for path in own}
        if str(place.parent) in here:
            imported = {name for path in own for name in _imported(path.read_bytes())} - seen
            found = {name: _place_of(name) for name in imported}
            waiting += [name for name, path in found.items() if path and path.parent == place.parent]
    return dict(sorted(files.items()))


def _python_files(folder: Path) -> Iterator[Path]:
    """Yield the files that an import could reach: not what editors and notebooks hide beside them."""
    for path in folder.rglob("*.py"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def hashes(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the beginning of the SHA-256 of each file, by its name."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS] for name, path in files.items()}


def keep(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files below `folder`: those of the current folder to `own`, those of packages to `installed`.

    Copies that are there already stay: they may be what is in use, in place of files edited since.
    """
    for name, path in files.items():
        if any((folder / place / name).exists() for place in _PLACES):
            continue
        copy = folder / _PLACES[0 if path == Path.cwd() / name else 1] / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(copy) as draft:
            shutil.copyfile(path, draft)


def use_as_hashed(expected: Mapping[str, str], folder: Path) -> None:
    """Import own components from the copies that `keep` made in `folder` from now on, if need be.

    That is where the current folder lacks the files whose hashes are `expected`: on another machine, or
    because they were edited or removed after the sweep began.
    """
    modules = {name: value for name, value in expected.items() if name.endswith(".py")}
    current = hashes(_files_of(_top_of_file(name) for name in modules))
    copies = str((folder / _PLACES[0]).resolve())
    if current != modules and Path(copies).is_dir() and copies not in _kept:
        _kept.append(copies)
        sys.path.insert(0, copies)
        importlib.invalidate_caches()


def described(kind: str, name: str) -> str:
    """Return how a message calls a component: "architecture 'my_lab.nets:Tiny' (my_lab/nets.py)"."""
    module = sys.modules.get(name.partition(":")[0])
    if not is_own(name) or module is None or not module.__file__:
        return f"{kind} {name!r}"
    return f"{kind} {name!r} ({_shown(module.__file__)})"


def whose(kind: str, name: str, error: BaseException) -> str:
    """Return how a message about an error calls a component: with its line, where its code raised it."""
    place = _place(error)
    return f"{kind} {name!r}: {place}" if place else described(kind, name)


_kept: list[str] = []  # folders of copies, which come before the current folder
_searched: list[str] = []  # the current folder, where we put it on the import path


def _search_here() -> None:
    """Let the current folder come first on the import path, after copies in use, and no earlier one stay."""
    here, first = str(Path.cwd()), len(_kept)
    if sys.path[first : first + 1] != [here]:
        for folder in _searched:
            if folder in sys.path:
                sys.path.remove(folder)
        sys.path.insert(first, here)
        _searched[:] = [here]
        importlib.invalidate_caches()


def _top(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


def _top_of_file(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


def _place_of(top: str) -> Path | None:
    """Return the folder or the Python file of a top-level package or module; None: not found."""
    spec = _spec_of(top)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _spec_of(top: str) -> ModuleSpec | None:
    """Return where an import would find a top-level module, as if it were not imported yet."""
    found = (finder.find_spec(top, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in found if spec is not None), None)


@lru_cache(maxsize=1024)
def _imported(source: bytes) -> frozenset[str]:
    """Return the top-level names that a file imports; none where it is not Python: importing it says so."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {_top(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(_top(node.module))
    return frozenset(found)


_loaded: dict[str, dict[str, str]] = {}  # hashes of what a top-level package depends on, when it was imported


def _forget_if_changed(name: str) -> None:
    """Let packages whose files have changed be imported again: what is hashed must be what runs."""
    files = {name: path for name, path in source_files([name]).items() if not _is_library(path)}
    current = hashes({str(path): path for path in files.values()})
    if _loaded.get(_top(name), current) != current:
        tops = {_top_of_file(file) for file in files}
        for module in [module for module in sys.modules if _top(module) in tops]:
            del sys.modules[module]
        importlib.invalidate_caches()
    _loaded[_top(name)] = current


def _said(error: BaseException) -> str:
    message = error.msg if isinstance(error, SyntaxError) else first_line(error)
    return f"{type(error).__name__}: {message}"


def _place(error: BaseException) -> str:
    """Return the last place in the user's code that an error passed, "nets.py, line 3"; empty: none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(frame.filename)]
    return f"{_shown(frames[-1].filename)}, line {frames[-1].lineno}" if frames else ""


def _shown(file: str) -> str:
    """Return a file as a message names it: from the current folder, where it is below it."""
    return str(Path(file).relative_to(Path.cwd()) if Path(file).is_relative_to(Path.cwd()) else file)


def _is_library(file: Path) -> bool:
    return str(file).startswith(_LIBRARIES)


def _is_foreign(file: str) -> bool:
    """Whether a file is Python's, a library's or ours: a user would not look for the fault there."""
    return not Path(file).is_absolute() or file.startswith((*_LIBRARIES, str(Path(__file__).parent)))
