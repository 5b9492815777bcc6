"""What convolutional networks ask of their inputs, and how they are made wider."""

from collections.abc import Sequence

from clusterability.errors import ConfigError


def require_image(architecture: str, input_shape: Sequence[int]) -> None:
    """Raise a ConfigError unless inputs are images, (channels, height, width)."""
    if len(input_shape) != 3:
        raise ConfigError(
            f"model.architecture: got {architecture!r} for inputs of shape {tuple(input_shape)}, "
            "allowed: mlp; the others take images (channels, height, width)"
        )


def scaled(channels: int, width_factor: float) -> int:
    """Return a number of channels or units times a factor, at least 1."""
    return max(1, round(channels * width_factor))
