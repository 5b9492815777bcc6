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
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from clusterability.errors import ClusterabilityError, ConfigError, first_line, unknown_name

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
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
    _search_here()
    _forget_if_changed(_top(name))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's own code may raise anything
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise ConfigError(f"there is no module {missing!r} in {Path.cwd()}, nor installed") from None
        raise ConfigError(_said(error)) from None
    if not attribute or not hasattr(module, attribute):
        public = [item for item in vars(module) if not item.startswith("_")]
        raise ConfigError(f"{module.__file__}: {unknown_name('attribute', attribute, public)}")
    return getattr(module, attribute)


@contextmanager
def blamed(kind: str, name: str) -> Iterator[None]:
    """Turn what a component of the user's own raises into a ConfigError that names it, its file and line."""
    try:
        yield
    except ClusterabilityError:
        raise
    except Exception as error:  # the user's own code may raise anything
        if not is_own(name):
            raise
        raise ConfigError(f"{described(kind, name)}: {_said(error)}") from error


def source_files(names: Iterable[str]) -> dict[str, Path]:
    """Return the files of the user's that components depend on, by their names below the import root.

    These are all Python files of the packages that the components live in and, in the current folder, of
    every other package or module there that these import. Code is taken by packages, since what a package
    imports while it runs cannot be read off.
    """
    _search_here()
    waiting = [_top(name) for name in names if is_own(name)]
    seen: set[str] = set()
    files: dict[str, Path] = {}
    while waiting:
        top = waiting.pop()
        root, own = _files_of(top)
        if top in seen:
            continue
        seen.add(top)
        if root is None:
            continue
        files |= {path.relative_to(root).as_posix(): path for path in own}
        if root == Path.cwd():
            imported = {name for path in own for name in _imported(path)}
            waiting += [name for name in imported if _files_of(name)[0] == root]
    return dict(sorted(files.items()))


def hashes(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the beginning of the SHA-256 of each file, by its name."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS] for name, path in files.items()}


def keep(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files below `folder`: those of the current folder to `own`, those of packages to `installed`."""
    for name, path in files.items():
        copy = folder / ("own" if path == Path.cwd() / name else "installed") / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def use_as_hashed(names: Iterable[str], expected: Mapping[str, str], folder: Path) -> None:
    """Import own components from the copies that `keep` made in `folder` from now on, if need be.

    That is where the current folder lacks the files whose hashes are `expected`: on another machine, or
    because they were edited after the sweep began.
    """
    current = hashes(source_files(names))
    copies = str(folder / "own")
    changed = not current or any(expected.get(name) != value for name, value in current.items())
    if changed and Path(copies).is_dir() and copies not in _kept:
        _kept.append(copies)
        sys.path.insert(0, copies)
        importlib.invalidate_caches()


def described(kind: str, name: str) -> str:
    """Return how a message calls a component: "architecture 'my_lab.nets:Tiny' (my_lab/nets.py)"."""
    module = sys.modules.get(name.partition(":")[0])
    if not is_own(name) or module is None or not module.__file__:
        return f"{kind} {name!r}"
    file = Path(module.__file__)
    return f"{kind} {name!r} ({file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file})"


_kept: list[str] = []  # folders of copies, which come before the current folder


def _search_here() -> None:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(len(_kept), here)
        importlib.invalidate_caches()


def _top(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


def _files_of(top: str) -> tuple[Path | None, list[Path]]:
    """Return the import root and the Python files of a top-level package or module; none: not found."""
    spec = PathFinder.find_spec(top)
    if spec is None:
        return None, []
    if spec.submodule_search_locations is not None:
        folder = Path(next(iter(spec.submodule_search_locations)))
        return folder.parent, sorted(folder.rglob("*.py"))
    own = [Path(spec.origin)] if spec.origin and spec.origin.endswith(".py") else []
    return (own[0].parent if own else None), own


def _imported(path: Path) -> set[str]:
    """Return the top-level names that a file imports; none where it is not Python: importing it says so."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {_top(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(_top(node.module))
    return found


_loaded: dict[str, dict[str, str]] = {}  # hashes of the files of a top-level package when it was imported


def _forget_if_changed(top: str) -> None:
    """Let a package whose files have changed be imported again: what is hashed must be what runs."""
    root, own = _files_of(top)
    if root is None or str(root).startswith(_LIBRARIES):
        return
    current = hashes({str(path): path for path in own})
    if _loaded.get(top, current) != current:
        for name in [name for name in sys.modules if _top(name) == top]:
            del sys.modules[name]
        importlib.invalidate_caches()
    _loaded[top] = current


def _said(error: BaseException) -> str:
    """Return file and line of the user's code and the error, such as "nets.py, line 3: NameError: ..."."""
    return f"{_place(error)}{type(error).__name__}: {first_line(error)}"


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: "
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(frame.filename)]
    return f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""


def _is_foreign(file: str) -> bool:
    """Whether a file is Python's, a library's or ours: a user would not look for the fault there."""
    return file.startswith((*_LIBRARIES, str(Path(__file__).parent), "<"))
