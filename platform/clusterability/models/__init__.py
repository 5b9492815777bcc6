"""Architectures: from a configuration to an initialised torch module."""

from clusterability.models.build import build_module

__all__ = ["build_module"]
