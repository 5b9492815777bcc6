"""The search spaces by name: the files of search_spaces/."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clusterability.errors import ConfigError, unknown_name
from clusterability.spaces.resolve import over, resolve_space
from clusterability.spaces.space import SearchSpace

DEFAULT_FOLDER = Path("search_spaces")


def known_spaces(folder: Path = DEFAULT_FOLDER) -> list[str]:
    """Return the names of the spaces in `folder`, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_space(name: str, overrides: Sequence[str] = (), folder: Path = DEFAULT_FOLDER) -> SearchSpace:
    """Return a space with `overrides` such as "training.epochs=3".

    `name` is the name of a file in `folder`, without .yaml, or the path of a file, with it.

    Raises:
        ConfigError: an unknown space, an empty or broken file, or a field or override that cannot be used.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file() or path.suffix != ".yaml":
            raise ConfigError(f"space {name!r}: there is no such file; allowed: a path that ends in .yaml")
        name, folder = path.stem, path.parent
    content = _with_bases(name, folder, below=())
    return resolve_space(name, content, dict(_parse_override(text) for text in overrides))


def _with_bases(name: str, folder: Path, below: tuple[str, ...]) -> dict[str, Any]:
    """Return the content of a space over that of its `base:`, itself over its own base."""
    if below and name not in known_spaces(folder):
        folder = DEFAULT_FOLDER  # a file from elsewhere may build on a space that is there
    if name not in known_spaces(folder):
        raise ConfigError(unknown_name("space", name, known_spaces(folder)))
    if name in below:
        raise ConfigError(f"{below[-1]}.yaml: base: got {name!r}, which is based on {below[-1]!r} itself")
    content = _read(folder / f"{name}.yaml")
    base = content.pop("base", None)
    if base is None:
        return content
    if not isinstance(base, str):
        raise ConfigError(f"{name}.yaml: base: got {base!r}, allowed: the name of one space")
    return over(_with_bases(base, folder, (*below, name)), content)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = OmegaConf.to_container(
            OmegaConf.load(io.StringIO(_with_null_keys(path.read_text()))), resolve=True
        )
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not content:
        raise ConfigError(
            f"{path}: the file is empty; a space needs at least one field, such as `dataset: digits`"
        )
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: got {type(content).__name__}, allowed: a mapping of fields to values")
    return cast(dict[str, Any], content)


def _with_null_keys(text: str) -> str:
    """Quote the key of `nulls: {null: layer}`, which YAML reads as nothing."""
    return re.sub(r"(^|[{,])(\s*)null(\s*:)", r'\1\2"null"\3', text, flags=re.MULTILINE)


def _parse_override(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"override {text!r}: allowed: field=value, such as search.num_trials=12")
    try:
        parsed = OmegaConf.to_container(
            OmegaConf.from_dotlist([f"value={_with_null_keys(value)}"]), resolve=True
        )
    except (yaml.YAMLError, OmegaConfBaseException):
        raise ConfigError(f"override {text!r}: the value is not readable as YAML") from None
    return key, cast(dict[str, Any], parsed)["value"]
