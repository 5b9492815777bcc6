"""Layers that a file cannot be read with, known by their tensors' names and types."""

import re

import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.names import WAY_OUT

_START, _END = r"(?:^|[._])", r"(?:[._]|$)"
_KINDS = {
    "a recurrent layer": r"(?:^|\.)(?:weight|bias)_(?:ih|hh|hr)(?:[._]|$)",
    "attention": (
        rf"{_START}(?:in_proj_(?:weight|bias)|(?:self_|cross_)?attn|(?:multi_?head_?)?attention|qkv"
        rf"|[qkv]_proj|to_(?:qkv|[qkv])|w_?[qkv]|c_attn|[qkv]_proj_weight|bias_[kv]){_END}|(?:^|\.)(?:query|key|k)(?:\.|$)"
    ),
    "an adapter": rf"{_START}(?:lora|loha|lokr|hada|ia3|adapters?)(?:_[a-z0-9]+)*{_END}",
    "a quantised layer": (
        r"(?:^|\.)(?:qweight|qzeros|scales|zero_point|(?:weight|input|output)_(?:scale|zero_point)(?:_\w+)?"
        r"|SCB|absmax|quant_\w+|nested_\w+|g_idx|weight_packed|weight_format|\w*observer\w*)(?:\.|$)"
        r"|_packed_params|fake_quant|quant_state|activation_post_process"
    ),
}
_KNOWN_KINDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _KINDS.items()}
SKIP = re.compile(
    rf"{_START}(?:downsample|shortcut|skips?|residual|res(?:idual)?_?blocks?)\d*{_END}"
    r"|(?:^|\.)layer\d+\.\d+\.conv\d",  # a residual block, as torchvision names them
    re.IGNORECASE,
)
_WEIGHT_KINDS = {
    "a skip connection": SKIP,
    "weights stored as (in, out)": re.compile(rf"{_START}(?:c_fc|c_proj){_END}"),
    "a bilinear layer": re.compile(r"bilinear", re.IGNORECASE),
}
_EMBEDDING = re.compile(rf"{_START}(?:\w*embed\w*|emb|wte|wpe|vocab\w*|lookup){_END}", re.IGNORECASE)
_TRANSPOSED = re.compile(r"deconv|up_?conv|conv_?tr|tr(?:ans)?_?conv|tconv|convt|transpose", re.IGNORECASE)
_PART_THAT_GROWS = re.compile(
    rf"{_START}(?:up\d*|upsampl\w*|dec\d*|decoder\w*|gen|generator\w*|netg){_END}", re.IGNORECASE
)
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def require_readable(name: str, tensor: torch.Tensor) -> None:
    """Refuse a tensor whose name or type says that no graph can be read with it.

    Whole numbers alone (a counter of steps) and masks pass.

    Raises:
        CheckpointError: naming the tensor and what it is of.
    """
    for kind, pattern in _KNOWN_KINDS.items():
        if pattern.search(name):
            raise _refusal(name, tensor, kind)
    if tensor.layout is not torch.strided or tensor.is_nested:
        raise _refusal(name, tensor, "a sparse or nested tensor")
    if tensor.is_meta:
        raise CheckpointError(f"{name!r} has a shape and no values: it was saved from the device 'meta'")
    if tensor.is_complex():
        raise _refusal(name, tensor, f"complex numbers ({_kind(tensor)})")
    counts = tensor.ndim == 0 or name.endswith(("num_batches_tracked", "_mask"))
    if tensor.dtype not in _FLOATS and not counts:
        raise _refusal(name, tensor, f"integer or quantised values ({_kind(tensor)})")


def require_known_layer(name: str, layer: str, weight: torch.Tensor, has_bias: bool) -> None:
    """Refuse weights that are of no linear layer or convolution, as far as names and shapes show it.

    Raises:
        CheckpointError: naming the tensor and what it is of.
    """
    for kind, pattern in _WEIGHT_KINDS.items():
        if pattern.search(layer):
            raise _refusal(name, weight, kind)
    if weight.ndim == 2 and not has_bias and _EMBEDDING.search(layer):
        raise _refusal(name, weight, "an embedding")
    if weight.ndim > 2 and _TRANSPOSED.search(layer):
        raise _refusal(name, weight, "a transposed convolution")
    if weight.ndim > 2 and weight.shape[0] == weight.shape[1] and _PART_THAT_GROWS.search(layer):
        raise _refusal(name, weight, "a convolution or a transposed one, which the file does not say,")


def _refusal(name: str, tensor: torch.Tensor, kind: str) -> CheckpointError:
    return CheckpointError(
        f"{name!r} of shape {tuple(tensor.shape)}: {kind} cannot be read from a file; {WAY_OUT}, "
        "or leave it out with only= (--only)"
    )


def _kind(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
