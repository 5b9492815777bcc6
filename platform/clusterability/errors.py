"""User errors: what was wrong, the value got, the values allowed; shown in one line, exit code 2."""

import re
from collections.abc import Iterable
from difflib import get_close_matches


class ClusterabilityError(Exception):
    """Something the user can put right. Its text is one line."""


class ConfigError(ClusterabilityError):
    """A search space, a field or an override that cannot be used."""


class DataError(ClusterabilityError):
    """A data set that is missing, truncated or not what its name says."""


class GraphError(ClusterabilityError):
    """A network that cannot be read as a weight graph, or a graph that cannot be partitioned as asked."""


class CheckpointError(GraphError):
    """A checkpoint file that is missing, damaged, or not safe to load."""


class TrainingError(ClusterabilityError):
    """A network that did not train: a loss that is not finite, say."""


class LesionError(ClusterabilityError):
    """Units that cannot be lesioned, or examples that do not fit the network."""


class ResourceError(ClusterabilityError):
    """More cores, accelerators or memory asked for than there are."""


class StorageError(ClusterabilityError):
    """A folder that cannot be written: full, read-only, or not a folder."""


class TrackingError(ClusterabilityError):
    """A tracking store that cannot be reached, or a sweep it does not know."""


def first_line(error: BaseException) -> str:
    """Return what a library's error says, without the pages, colours and control codes that it adds."""
    line = next(iter(str(error).splitlines()), "")
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    return "".join(filter(str.isprintable, line)).strip() or type(error).__name__


def unknown_name(kind: str, got: str, known: Iterable[str]) -> str:
    """Say in one line that `got` is no known `kind`: the nearest name first, then all of them."""
    known = sorted(known)
    nearest = get_close_matches(got, known, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"unknown {kind} {got!r}.{hint} Known: {', '.join(known) or 'none'}"
