"""From a configuration to an initialised network."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from clusterability.components import find
from clusterability.config import ModelConfig
from clusterability.errors import ConfigError
from clusterability.models.initialise import initialise_glorot, make_clusterable
from clusterability.own_code import blamed, described, is_own
from clusterability.seeds import integer_seed


def build_module(
    config: ModelConfig, *, input_shape: Sequence[int], num_classes: int, seed: int
) -> nn.Module:
    """Return the network of `config`, on the CPU.

    It takes inputs of shape (n, *input_shape) and gives logits of shape (n, num_classes). An architecture is
    a callable `(input_shape, num_classes, **settings) -> module`; its settings are the fields of `config`
    that it has parameters for, those of the user's own are `config.options`. Weights are Glorot uniform from
    the seed's stream "initialisation", biases zero; the clusterable initialisation multiplies them. Of a
    network that is cut, weights between parts are zero. A network of the user's own keeps the weights that it
    makes, with torch's generator seeded from that stream.

    Raises:
        ConfigError: an own architecture that cannot be called so, or makes no module; a layer of fewer units
            than the network is to have parts.
    """
    architecture: Callable[..., Any] = find("architecture", config.architecture)
    with torch.random.fork_rng(devices=[]):  # torch's layers draw weights of their own when made
        torch.manual_seed(integer_seed(seed, "initialisation"))
        settings = _settings(config, architecture)
        _require_signature(config.architecture, architecture, settings)
        with blamed("architecture", config.architecture):
            module = architecture(tuple(input_shape), num_classes, **settings)
    if not isinstance(module, nn.Module):
        raise ConfigError(
            f"{described('architecture', config.architecture)}: got a {type(module).__name__}, "
            "allowed: a torch module"
        )
    initialisation = config.initialisation or ("own" if is_own(config.architecture) else "glorot")
    if initialisation != "own":
        initialise_glorot(module, seed, parts=config.cut or 1)
    if initialisation == "clusterable":
        make_clusterable(
            module,
            seed,
            num_modules=config.num_modules,
            between=config.between_modules,
            num_classes=num_classes,
        )
    return module


def _settings(config: ModelConfig, architecture: Callable[..., Any]) -> dict[str, Any]:
    if is_own(config.architecture):
        return config.options
    taken = inspect.signature(architecture).parameters
    return {name: value for name, value in asdict(config).items() if name in taken}


def _require_signature(name: str, architecture: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    try:
        inspect.signature(architecture).bind((), 0, **settings)
    except ValueError:  # compiled code without a signature: the call itself will tell
        return
    except TypeError as error:
        call = ", ".join(["input_shape", "num_classes", *settings])
        raise ConfigError(
            f"{described('architecture', name)}: {error}; allowed: a callable that takes ({call})"
        ) from None
