"""Which tensors of a file are meant: without wrappers' prefixes, of one mapping, of the chosen layers."""

from collections.abc import Mapping, Sequence

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.names import listed, matches, split_name
from clusterability.graph.files.stored import StoredTensors

_WRAPPERS = ("module.", "_orig_mod.")  # DataParallel and AveragedModel, torch.compile


def chosen_tensors(stored: StoredTensors, only: Sequence[str]) -> dict[str, torch.Tensor]:
    """Return the tensors of one network by name.

    only: patterns of names; a layer is chosen whole if one fits a tensor of it, or what comes before one of
    the dots in its name: "actor" is all of "actor.0.weight", "actor.2.bias", ... None given: everything.

    Raises:
        CheckpointError: a pattern fits nothing, or the file holds several mappings of tensors.
    """
    mappings = {place: _unwrapped(tensors) for place, tensors in stored.mappings.items()}
    if len(mappings) > 1:
        mappings = {place: _with_path(place, tensors) for place, tensors in mappings.items()}
    if only:
        every = [name for tensors in mappings.values() for name in tensors]
        layers = _chosen_layers(every, only)
        mappings = {
            place: {name: tensor for name, tensor in tensors.items() if split_name(name)[0] in layers}
            for place, tensors in mappings.items()
        }
    mappings = {place: tensors for place, tensors in mappings.items() if tensors}
    if len(mappings) > 1 and not only:
        places = [place or "(the file itself)" for place in mappings]
        raise CheckpointError(
            f"holds {len(mappings)} mappings of tensors, {listed(places)}: choose one with only= (--only)"
        )
    return {name: tensor for tensors in mappings.values() for name, tensor in tensors.items()}


def _unwrapped(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Take off what wrappers put in front of every name; AveragedModel counts beside them (`n_averaged`)."""
    result = dict(tensors)
    while True:
        named = [name for name in result if result[name].ndim > 0 or "." in name]
        prefix = next((one for one in _WRAPPERS if named and all(n.startswith(one) for n in named)), None)
        if prefix is None:
            return result
        result = {name.removeprefix(prefix): tensor for name, tensor in result.items()}


def _with_path(place: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{place}.{name}" if place else name: tensor for name, tensor in tensors.items()}


def _chosen_layers(names: Sequence[str], only: Sequence[str]) -> set[str]:
    chosen: set[str] = set()
    for pattern in only:
        fitting = {split_name(name)[0] for name in names if matches(name, pattern)}
        if not fitting:
            starts = list(dict.fromkeys(name.split(".")[0] for name in names))
            raise CheckpointError(
                f"only: got {pattern!r}, which fits no tensor; names start with {listed(starts, 8)}"
            )
        chosen |= fitting
    return chosen
