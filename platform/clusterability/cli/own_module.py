"""A network of the user's own: built by their code, with the weights of a file."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from clusterability.errors import CheckpointError, ConfigError, GraphError, first_line
from clusterability.graph.files.choosing import chosen_tensors
from clusterability.graph.files.names import listed
from clusterability.graph.files.opening import open_tensors
from clusterability.graph.from_module import TracedModule
from clusterability.own_code import blamed, described, import_own, whose
from clusterability.seeds import integer_seed

KIND = "module"
"""What messages call it, before its name."""
_SUFFIXES = (".bin", ".ckpt", ".pt", ".pth", ".safetensors")

Tensors = Mapping[str, torch.Tensor]


def built_module(name: str, arguments: str | None, seed: int) -> nn.Module:
    """Return what the class or function "package.module:attribute" makes, in evaluation mode, on the CPU.

    Args:
        name: looked for in the current folder, then among the installed packages.
        arguments: its keyword arguments as a JSON object; None: none.
        seed: torch's generator is seeded from its stream "initialisation", as in trials.

    Raises:
        ConfigError: a name that is not there, arguments that do not fit, code that fails, or no torch module.
    """
    keywords = _keywords(arguments)
    try:
        make = import_own(name)
    except ConfigError as error:
        raise ConfigError(f"{KIND} {name!r}: {error}") from None
    if isinstance(make, nn.Module) or not callable(make):
        raise ConfigError(
            f"{described(KIND, name)}: got a {type(make).__name__}, "
            "allowed: a class or a function that returns a torch module"
        )
    _require_signature(name, make, keywords)
    with torch.random.fork_rng(devices=[]), blamed(KIND, name):
        torch.manual_seed(integer_seed(seed, "initialisation"))
        module = make(**keywords)
    if not isinstance(module, nn.Module):
        raise ConfigError(f"{described(KIND, name)}: got a {type(module).__name__}, allowed: a torch module")
    lazy = [part for part, tensor in module.state_dict(keep_vars=True).items() if is_lazy(tensor)]
    if lazy:
        raise ConfigError(
            f"{described(KIND, name)}: got {listed(lazy)} of no size yet, allowed: layers of known sizes"
        )
    return module.eval()


def load_weights(module: nn.Module, name: str, path: Path) -> None:
    """Load the state dict of a file into a module; nothing in the file is executed.

    A wrapper such as {"epoch": 3, "model_state": ...} is looked into, and the prefixes of DataParallel and
    torch.compile are taken off, where the module's own names call for it.

    Raises:
        CheckpointError: a file that is missing, damaged or not safe to load; tensors that the module lacks or
            misses, of other shapes, or not finite.
    """
    source = f"weights {str(path)!r}"
    if not path.is_file():
        raise CheckpointError(f"{source}: there is no such file")
    if path.suffix not in _SUFFIXES:
        raise CheckpointError(f"{source}: got suffix {path.suffix!r}, allowed: {', '.join(_SUFFIXES)}")
    expected = module.state_dict()
    try:
        tensors = _fitting(path, expected)
        _require_alike(tensors, expected)
    except CheckpointError as error:
        raise CheckpointError(f"{source} for {KIND} {name!r}: {error}") from error
    with blamed(KIND, name):
        module.load_state_dict(dict(tensors))


def traced_module(module: nn.Module, name: str, **options: Any) -> TracedModule:
    """Return a module as it is read; `options` are those of `TracedModule`.

    Raises:
        GraphError: it cannot be traced or read; with the file and the line of the user's code.
    """
    try:
        return TracedModule(module, **options)
    except GraphError as error:
        raise GraphError(f"{whose(KIND, name, error.__cause__ or error)}: {error}") from None


def moved(module: nn.Module, device: str | None) -> nn.Module:
    """Move a module to a torch device, and return it; None: it stays where it is.

    Raises:
        GraphError: a device that torch cannot use.
    """
    if device is None:
        return module
    try:
        return module.to(device)
    except (RuntimeError, AssertionError) as error:  # a build of torch without CUDA asserts
        raise GraphError(f"device: got {device!r}, which torch can't use: {first_line(error)}") from error


def _keywords(arguments: str | None) -> dict[str, Any]:
    try:
        found = json.loads(arguments or "{}")
    except json.JSONDecodeError as error:
        raise ConfigError(f"module-args: got {arguments!r}, allowed: a JSON object ({error})") from None
    if not isinstance(found, dict):
        raise ConfigError(f'module-args: got {arguments!r}, allowed: a JSON object such as {{"width": 64}}')
    return found


def _require_signature(name: str, make: Callable[..., Any], keywords: Mapping[str, Any]) -> None:
    try:
        inspect.signature(make).bind(**keywords)
    except ValueError:  # compiled code without a signature: the call itself will tell
        return
    except TypeError as error:
        taken = ", ".join(inspect.signature(make).parameters) or "nothing"
        raise ConfigError(
            f"{described(KIND, name)}: {error}; it takes ({taken}), and module-args gives "
            f"({', '.join(keywords) or 'nothing'})"
        ) from None


def _fitting(path: Path, expected: Tensors) -> Tensors:
    """Return the mapping of tensors in a file that has the module's names; otherwise the nearest one."""
    stored = open_tensors(path)
    found = {}
    for place, tensors in stored.mappings.items():
        unwrapped = chosen_tensors(replace(stored, mappings={place: tensors}), ())
        found[place] = min(tensors, unwrapped, key=lambda names: len(set(names) ^ set(expected)))
    fitting = [place for place, tensors in found.items() if set(tensors) == set(expected)]
    if len(fitting) > 1:
        raise CheckpointError(
            f"holds {len(fitting)} state dicts that fit, {listed(fitting)}: save the one that is meant alone"
        )
    return min(found.values(), key=lambda names: len(set(names) ^ set(expected)))


def _require_alike(tensors: Tensors, expected: Tensors) -> None:
    missing = [name for name in expected if name not in tensors]
    unexpected = [name for name in tensors if name not in expected]
    if missing or unexpected:
        parts = [
            f"{word} {listed(names, 8)}"
            for word, names in (("missing", missing), ("unexpected", unexpected))
            if names
        ]
        raise CheckpointError(f"{'; '.join(parts)}; allowed: the module's own tensors, all of them")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise CheckpointError(
                f"{name!r}: got shape {tuple(tensor.shape)}, allowed: {tuple(expected[name].shape)}"
            )
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            wrong = int((~torch.isfinite(tensor)).sum())
            raise CheckpointError(f"{name!r}: {wrong} of {tensor.numel()} values are not finite")
