"""Options of `measure` that are of a module alone, and those that are not."""

import argparse
from pathlib import Path

from clusterability.config import LesionsConfig
from clusterability.errors import ConfigError
from clusterability.own_code import is_own

DEFAULTS = LesionsConfig()
"""What trials take."""

_OF_MODULES = ("module_args", "weights", "data", "num_examples", "num_random")
_OF_DATA = ("num_examples", "num_random")
_OF_FILES = ("checkpoint", "only", "batch_norm")


def add_module_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is said of a module and its data."""
    group = parser.add_argument_group(
        "a network of your own", "contributions, accuracy and lesions too (docs/measuring.md)"
    )
    group.add_argument(
        "--module", metavar="PACKAGE.MODULE:NAME", help="class or function that returns the torch module"
    )
    group.add_argument(
        "--module-args", metavar="JSON", help="its keyword arguments, such as '{\"width\": 64}'"
    )
    group.add_argument("--weights", type=Path, metavar="FILE", help="its state dict: .pt, .pth, .safetensors")
    group.add_argument("--data", metavar="FILE", help="npz file of inputs and targets")
    group.add_argument(
        "--num-examples",
        type=int,
        metavar="N",
        help=f"examples of lesions, at most ({DEFAULTS.num_examples})",
    )
    group.add_argument(
        "--num-random",
        type=int,
        metavar="M",
        help=f"random unit sets beside each cluster's lesion ({DEFAULTS.num_random}), 0: no lesions",
    )


def check_options(arguments: argparse.Namespace) -> None:
    """Say which options do not go together, and which numbers are impossible.

    Raises:
        ConfigError: a checkpoint and a module, or neither; an option of one with the other.
    """
    if (arguments.checkpoint is None) == (arguments.module is None):
        got = "neither" if arguments.module is None else "both"
        raise ConfigError(f"CHECKPOINT or --module: got {got}, allowed: one of them")
    if arguments.module is None:
        _refuse(arguments, _OF_MODULES, "with --module")
        return
    _refuse(arguments, _OF_FILES, "with a CHECKPOINT")
    if arguments.data is None:
        _refuse(arguments, _OF_DATA, "with --data")
    if not is_own(arguments.module):
        raise ConfigError(f"module: got {arguments.module!r}, allowed: package.module:attribute")
    for name, least in (("num_examples", 1), ("num_random", 0)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise ConfigError(f"{name}: got {value}, allowed: {least} or more")


def _refuse(arguments: argparse.Namespace, options: tuple[str, ...], where: str) -> None:
    for name in options:
        value = getattr(arguments, name)
        if value not in (None, []):
            shown = value if isinstance(value, int | list) else str(value)
            raise ConfigError(f"{name.replace('_', '-')}: got {shown!r}, allowed: {where} alone")
