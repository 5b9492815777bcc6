"""Torch's own layers as the functions that they call."""

from typing import Any

from torch import nn

from clusterability.graph.rules.weights import constant_of

_PLAIN = {
    **dict.fromkeys((nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d), "dropout"),
    **dict.fromkeys((nn.AlphaDropout, nn.FeatureAlphaDropout, nn.Identity), "identity"),
    nn.ReLU: "relu", nn.LeakyReLU: "leaky_relu", nn.RReLU: "rrelu", nn.PReLU: "prelu", nn.ReLU6: "relu6",
    nn.ELU: "elu", nn.SELU: "selu", nn.CELU: "celu", nn.GELU: "gelu", nn.SiLU: "silu", nn.Mish: "mish",
    nn.Hardswish: "hardswish", nn.Hardsigmoid: "hardsigmoid", nn.Hardtanh: "hardtanh", nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid", nn.Softplus: "softplus", nn.Softsign: "softsign", nn.LogSigmoid: "logsigmoid",
    nn.Tanhshrink: "tanhshrink", nn.Hardshrink: "hardshrink", nn.Softshrink: "softshrink",
    nn.Threshold: "threshold", nn.Softmax2d: "softmax2d",
    nn.MaxPool1d: "max_pool1d", nn.MaxPool2d: "max_pool2d", nn.MaxPool3d: "max_pool3d",
    nn.AvgPool1d: "avg_pool1d", nn.AvgPool2d: "avg_pool2d", nn.AvgPool3d: "avg_pool3d",
    nn.AdaptiveAvgPool1d: "adaptive_avg_pool1d", nn.AdaptiveAvgPool2d: "adaptive_avg_pool2d",
    nn.AdaptiveAvgPool3d: "adaptive_avg_pool3d", nn.AdaptiveMaxPool1d: "adaptive_max_pool1d",
    nn.AdaptiveMaxPool2d: "adaptive_max_pool2d", nn.AdaptiveMaxPool3d: "adaptive_max_pool3d",
    nn.Flatten: "flatten", nn.Unflatten: "unflatten", nn.PixelShuffle: "pixel_shuffle",
    nn.PixelUnshuffle: "pixel_unshuffle", nn.ChannelShuffle: "channel_shuffle",
    **dict.fromkeys((nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d), "interpolate"),
}  # fmt: skip
_CONVOLUTIONS = {
    nn.Conv1d: "conv1d", nn.Conv2d: "conv2d", nn.Conv3d: "conv3d",
    nn.ConvTranspose1d: "conv_transpose1d", nn.ConvTranspose2d: "conv_transpose2d",
    nn.ConvTranspose3d: "conv_transpose3d",
}  # fmt: skip
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_SOFTMAXES = {nn.Softmax: "softmax", nn.LogSoftmax: "log_softmax", nn.Softmin: "softmin"}
_ZERO_PADS = (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d)


def as_function(layer: nn.Module, name: str) -> tuple[str, tuple] | None:
    """Return the function that one of torch's own layers calls and its arguments behind the input.

    None: a layer that no rule follows.
    """
    kind = type(layer)
    prefix = f"{name}." if name else ""

    def part(attribute: str) -> Any:
        return constant_of(getattr(layer, attribute), prefix + attribute)

    settings: Any = layer
    if kind in (nn.Linear, nn.modules.linear.NonDynamicallyQuantizableLinear):
        return "linear", (part("weight"), part("bias"))
    if kind in _CONVOLUTIONS:  # only the groups among a convolution's settings matter to its units
        return _CONVOLUTIONS[kind], (part("weight"), part("bias"), None, None, None, settings.groups)
    if kind in _NORMS:
        statistics = (part("running_mean"), part("running_var"), part("weight"), part("bias"))
        return "batch_norm", (*statistics, False, None, settings.eps)
    if kind in _SOFTMAXES:
        return _SOFTMAXES[kind], (settings.dim,)
    if kind in _ZERO_PADS:
        return "pad", (settings.padding,)
    return (_PLAIN[kind], ()) if kind in _PLAIN else None
