"""Layers that make a chain although their names say that they are of several networks."""

import re
from collections.abc import Mapping, Sequence

from clusterability.errors import CheckpointError
from clusterability.graph.files.elements import Element, Weights
from clusterability.graph.files.names import common_prefix, listed, stem_and_number

_ROLES = {
    "actor": {"actor", "policy", "pi"},
    "critic": {"critic", "value", "vf", "qf"},
    "generator": {"generator", "gen", "netg"},
    "discriminator": {"discriminator", "disc", "netd"},
    "copy": {"ema", "target", "teacher", "momentum", "shadow", "swa", "averaged", "old"},
    "student": {"student", "online"},
}
_PARALLEL = re.compile(
    r"(?:^|\.)(ensemble|members|experts|branches|towers|heads|nets|networks|models|estimators)\.(\d+)(?:\.|$)"
)


def require_one_network(elements: Sequence[Element]) -> None:
    """Refuse layers of several networks, known by the first part of their names in which they differ.

    Several are: parts of different roles (actor and critic, generator and discriminator, a copy for
    evaluation), parts of two layers and more that have the same layers of the same shapes (unless only their
    numbers differ, as those of a network's stages do), and numbered members of an ensemble.

    Raises:
        CheckpointError: naming the networks.
    """
    layers = [element for element in elements if isinstance(element, Weights)]
    members = {found[0].strip(".") for one in layers if (found := _PARALLEL.search(one.name))}
    if len(members) > 1:
        raise _several(sorted(members))
    shared = common_prefix(layer.name for layer in layers)
    place = len(shared.split(".")) if shared else 0
    parts: dict[str, list[Weights]] = {}
    for layer in layers:
        parts.setdefault(".".join(layer.name.split(".")[: place + 1]), []).append(layer)
    roles = {name: _role(name.rpartition(".")[2]) for name in parts}
    given = {role for role in roles.values() if role}
    if len(given) > 1 or ("copy" in given and None in roles.values()):
        raise _several(list(parts))
    twins = _twins(parts)
    if twins:
        raise _several(twins)


def _several(names: Sequence[str]) -> CheckpointError:
    return CheckpointError(f"holds {len(names)} networks, {listed(names)}: choose one with only= (--only)")


def _role(part: str) -> str | None:
    words = set(re.split(r"[_\d]+", part.lower())) | {part.lower()}
    return next((role for role, known in _ROLES.items() if words & known), None)


def _twins(parts: Mapping[str, Sequence[Weights]]) -> list[str]:
    """Return names of parts that have the same layers, two or more."""
    alike: dict[tuple, list[str]] = {}
    for name, layers in parts.items():
        inside = tuple((one.name.removeprefix(name), tuple(one.weight.shape)) for one in layers)
        alike.setdefault(inside, []).append(name)
    for inside, names in alike.items():
        if len(inside) > 1 and len({stem_and_number(name)[0] for name in names}) > 1:
            return names
    return []
