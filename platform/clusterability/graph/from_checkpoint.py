"""Weight graphs out of files: safetensors, torch state dicts, npz. Nothing in a file is ever executed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from clusterability.errors import CheckpointError, GraphError, first_line
from clusterability.graph.block import KernelNorm, Weighting
from clusterability.graph.from_module import KeptLayers, TracedModule
from clusterability.graph.reading import Reading, chain_reading

_NESTED = ("state_dict", "model_state_dict", "model")
_TAKEN_FOR_RELU = "normalised as a network of ReLU units: the file does not say what lies between its layers"


def read_checkpoint(
    path: str | Path, *, weighting: Weighting, kernel_norm: KernelNorm, kept_layers: KeptLayers
) -> Reading:
    """Read a checkpoint as `WeightGraph.from_checkpoint` says."""
    path = Path(path)
    if weighting not in ("weights", "normalised"):
        raise CheckpointError(f"weighting: got {weighting!r}, allowed for a file: weights, normalised")
    if not path.is_file():
        raise CheckpointError(f"checkpoint {str(path)!r}: there is no such file")
    readers: dict[str, Callable[[Path], Reading]] = {
        ".npz": lambda file: _from_npz(file, weighting),
        ".safetensors": lambda file: _from_state(load_file(file), weighting, kernel_norm, kept_layers),
        ".pt": lambda file: _from_state(_torch_state(file), weighting, kernel_norm, kept_layers),
    }
    readers |= dict.fromkeys((".pth", ".ckpt", ".bin"), readers[".pt"])
    if path.suffix not in readers:
        allowed = ", ".join(sorted(readers))
        raise CheckpointError(f"checkpoint {str(path)!r}: got suffix {path.suffix!r}, allowed: {allowed}")
    try:
        return readers[path.suffix](path)
    except GraphError as error:
        raise CheckpointError(f"checkpoint {str(path)!r}: {error}") from error
    except Exception as error:  # what a damaged file makes three libraries raise has no common name
        raise CheckpointError(
            f"checkpoint {str(path)!r} is damaged, or not safe to load: {first_line(error)[:150]}"
        ) from error


def _from_npz(path: Path, weighting: Weighting) -> Reading:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        reading = chain_reading([arrays[name] for name in arrays.files])
    if weighting == "weights":
        return reading
    layers: list[nn.Module] = []
    for block in reading.blocks:
        weight = torch.tensor(block.matrix.T)
        layers += [nn.ReLU(), nn.Linear(*block.matrix.shape, bias=False, dtype=weight.dtype)]
        layers[-1].weight = nn.Parameter(weight)
    return replace(_from_layers(layers, weighting, "l1", "paper"), layer_names=reading.layer_names)


def _torch_state(path: Path) -> Mapping[str, torch.Tensor]:
    content = torch.load(path, map_location="cpu", weights_only=True)
    for name in _NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping):
        raise CheckpointError(f"holds a {type(content).__name__}, allowed: a state dict of tensors")
    return {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}


def _from_state(
    state: Mapping[str, torch.Tensor],
    weighting: Weighting,
    kernel_norm: KernelNorm,
    kept_layers: KeptLayers,
) -> Reading:
    return _from_layers(_layers(state), weighting, kernel_norm, kept_layers)


def _from_layers(
    layers: Sequence[nn.Module], weighting: Weighting, kernel_norm: KernelNorm, kept_layers: KeptLayers
) -> Reading:
    traced = TracedModule(nn.Sequential(*layers), kernel_norm=kernel_norm, kept_layers=kept_layers)
    reading = traced.reading(weighting)
    return replace(reading, note=_TAKEN_FOR_RELU) if weighting == "normalised" else reading


def _layers(state: Mapping[str, torch.Tensor]) -> list[nn.Module]:
    """Rebuild the chain of layers that the tensors' names and shapes tell of."""
    layers: list[nn.Module] = []
    width: int | None = None
    for name in sorted((key for key in state if key.endswith("weight")), key=_natural):
        weight, prefix = state[name].detach().float(), name[: -len("weight")]
        if weight.ndim == 1 and f"{prefix}running_var" in state:
            layers.append(_batch_norm(name, weight, state, width))
        elif weight.ndim in (2, 4):
            layers += [nn.ReLU(), *_layer(name, weight, _vector(state, f"{prefix}bias", weight), width)]
            width = weight.shape[0]
        else:
            raise CheckpointError(
                f"{name!r}: got shape {tuple(weight.shape)}, allowed: (out, in) or (out, in, h, w)"
            )
    if width is None:
        raise CheckpointError("has no weight of a linear layer or a convolution")
    return layers


def _vector(state: Mapping[str, torch.Tensor], name: str, weight: torch.Tensor) -> torch.Tensor | None:
    """Return a layer's tensor of one value per unit; None where the file has none."""
    if name not in state:
        return None
    if state[name].shape != weight.shape[:1]:
        raise CheckpointError(f"{name!r}: got shape {tuple(state[name].shape)}, allowed: ({len(weight)},)")
    return state[name].detach().float()


def _natural(name: str) -> list[tuple[int, str]]:
    """Order names as a reader would: layer 10 after layer 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _layer(name: str, weight: torch.Tensor, bias: torch.Tensor | None, width: int | None) -> list[nn.Module]:
    """Return the linear layer or convolution of a weight, made to read `width` channels."""
    units_out, units_in = weight.shape[:2]
    if 0 in weight.shape:
        raise CheckpointError(f"{name!r}: got shape {tuple(weight.shape)}, allowed: no empty side")
    layers: list[nn.Module]
    if weight.ndim == 2:
        fits = width is None or units_in % width == 0
        layers = [nn.Flatten(), nn.Linear(units_in, units_out, bias=False)]
    else:
        groups = 1 if width is None else width // units_in
        fits = width is None or (width == groups * units_in and groups > 0 and units_out % groups == 0)
        kernel = (weight.shape[2], weight.shape[3])
        groups = groups if fits else 1
        layers = [nn.Conv2d(units_in * groups, units_out, kernel, groups=groups, bias=False)]
    if not fits:
        raise CheckpointError(
            f"{name!r} reads {units_in} channels, but the layer before it has {width}: no chain of layers; "
            "build the module and use WeightGraph.from_module"
        )
    layers[-1].weight = nn.Parameter(weight)
    if bias is not None:
        layers[-1].bias = nn.Parameter(bias)
    return layers


def _batch_norm(
    name: str, weight: torch.Tensor, state: Mapping[str, torch.Tensor], width: int | None
) -> nn.Module:
    prefix = name[: -len("weight")]
    if len(weight) != width or state[f"{prefix}running_var"].shape != weight.shape:
        raise CheckpointError(f"{name!r}: batch norm of {len(weight)} channels behind a layer of {width}")
    layer = nn.BatchNorm2d(len(weight))
    layer.weight = nn.Parameter(weight)
    layer.running_var = state[f"{prefix}running_var"].detach().float()
    bias, mean = (_vector(state, prefix + part, weight) for part in ("bias", "running_mean"))
    if bias is not None:
        layer.bias = nn.Parameter(bias)
    if mean is not None:
        layer.running_mean = mean
    return layer
