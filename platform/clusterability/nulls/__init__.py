"""Null models of a weight graph and the significance of its n-cut."""

from clusterability.nulls.significance import null_test

__all__ = ["null_test"]
