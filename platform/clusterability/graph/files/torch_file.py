"""The mappings of tensors in what torch.save wrote, read without executing anything."""

import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.bare_modules import module_versions
from clusterability.graph.files.names import WAY_OUT
from clusterability.graph.files.stored import StoredTensors

_SAVE_TENSORS = "nothing in a file is executed; save module.state_dict() instead"


def read_torch_file(path: Path, safely: Callable[[Callable[[], Any]], Any]) -> StoredTensors:
    """Return the mappings in a torch file that may hold a network.

    A mapping counts where it holds a tensor of two or more dimensions, or statistics of a batch norm;
    if none does, the one with the most tensors is given. Optimizers' states are left out by their structure.

    Raises:
        CheckpointError: a pickled module, a TorchScript archive, another object, or a damaged file.
    """
    _refuse_torchscript(path)
    content = safely(lambda: _load(path))
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"holds a {type(content).__name__}, allowed: a state dict of tensors; "
            f"save module.state_dict(), or {WAY_OUT}"
        )
    found, modules = _mappings(content)
    if not found:
        raise CheckpointError(f"holds no tensor; save module.state_dict(), or {WAY_OUT}")
    networks = {place: held for place, held in found.items() if any(map(_is_of_network, held.items()))}
    if not networks:
        place = max(found, key=lambda place: len(found[place]))
        networks = {place: found[place]}
    return StoredTensors(mappings=networks, modules=modules, has_order=True)


def _load(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about its storages
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            name = re.search(r"(?:GLOBAL|class|type|function) '?([A-Za-z_][\w]*(?:\.\w+)+)", str(error))
            if name is None or "eights" not in str(error):
                raise
            raise CheckpointError(
                f"is not safe to load: it holds a pickled {name[1]}; {_SAVE_TENSORS}, or {WAY_OUT}"
            ) from error


def _refuse_torchscript(path: Path) -> None:
    try:
        names = zipfile.ZipFile(path).namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # another kind of file, or a damaged one: torch says what is wrong with it
    if any(name.endswith("/constants.pkl") for name in names) and any("/code/" in name for name in names):
        raise CheckpointError(f"is a TorchScript archive; {_SAVE_TENSORS}, or {WAY_OUT}")


def _mappings(content: Mapping) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, dict[str, int]]]:
    """Return all mappings and lists inside `content` that hold tensors, and the modules noted beside them."""
    found: dict[str, dict[str, torch.Tensor]] = {}
    modules: dict[str, dict[str, int]] = {}
    waiting: list[tuple[str, Any]] = [("", content)]
    seen: set[int] = set()  # a file may refer to itself
    while waiting:
        path, part = waiting.pop(0)
        if id(part) in seen or _is_optimizer(part):
            continue
        seen.add(id(part))
        entries = part.items() if isinstance(part, Mapping) else enumerate(part)
        tensors = {}
        for key, value in entries:
            place = f"{path}.{key}" if path else str(key)
            if isinstance(value, torch.Tensor):
                _refuse_quantised(place, value)
                tensors[str(key)] = value
            elif isinstance(value, Mapping | list | tuple):
                waiting.append((place, value))
        if tensors:
            found[path], modules[path] = tensors, module_versions(part)
    return found, modules


def _refuse_quantised(name: str, tensor: torch.Tensor) -> None:
    if tensor.is_quantized:
        raise CheckpointError(f"{name!r}: quantised weights ({tensor.dtype}) cannot be read; {WAY_OUT}")


def _is_optimizer(part: Any) -> bool:
    """Say whether this is what `optimizer.state_dict()` gives: its tensors are no weights."""
    if not isinstance(part, Mapping) or not {"state", "param_groups"} <= set(part):
        return False
    groups = part["param_groups"]
    return isinstance(groups, list) and all(isinstance(one, Mapping) and "params" in one for one in groups)


def _is_of_network(entry: tuple[str, torch.Tensor]) -> bool:
    name, tensor = entry
    return tensor.ndim > 1 or name.endswith(("running_var", "weight"))
