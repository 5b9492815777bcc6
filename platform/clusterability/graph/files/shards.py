"""Networks in several files: an index names the shard of each tensor."""

import json
from collections.abc import Callable
from pathlib import Path

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.names import listed


def read_shards(
    index: Path, read_shard: Callable[[Path], dict[str, torch.Tensor]]
) -> dict[str, torch.Tensor]:
    """Return all tensors that an index (`{"weight_map": {tensor: file}}`) names, out of the files beside it.

    Raises:
        CheckpointError: no index, a shard that is missing, or one that does not hold what the index says.
    """
    weight_map = _weight_map(index)
    tensors: dict[str, torch.Tensor] = {}
    for file in dict.fromkeys(weight_map.values()):
        shard = index.parent / file
        if not shard.is_file():
            raise CheckpointError(f"its shard {file!r} is missing: put it into the folder of the index")
        held = read_shard(shard)
        expected = {name for name, place in weight_map.items() if place == file}
        if expected != set(held):
            wrong = sorted(expected ^ set(held))
            raise CheckpointError(
                f"its shard {file!r} and the index differ in the tensors {listed(wrong)}: "
                "they are not of one network"
            )
        tensors |= held
    return {name: tensors[name] for name in weight_map}


def _weight_map(index: Path) -> dict[str, str]:
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError("is not an index of shards: its text is not JSON") from error
    weight_map = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError("is not an index of shards: it has no 'weight_map' of tensors and files")
    for name, file in weight_map.items():
        if not isinstance(file, str) or file in ("", ".", "..") or Path(file).name != file or "\\" in file:
            raise CheckpointError(f"{name!r}: got shard {file!r}, allowed: a file beside the index")
        if not file.endswith((".safetensors", ".bin", ".pt", ".pth")):
            raise CheckpointError(
                f"{name!r}: got shard {file!r}, allowed: .safetensors, .bin, .pt or .pth files"
            )
    return weight_map
