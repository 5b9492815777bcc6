"""Null models of a weight graph and the significance of its n-cut."""

from clusterability.nulls.significance import null_test, null_tests

__all__ = ["null_test", "null_tests"]
