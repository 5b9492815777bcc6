"""Null models of a weight graph and the significance of its n-cut."""

from clusterability.nulls.models import NULLS
from clusterability.nulls.significance import null_test, null_tests

__all__ = ["NULLS", "null_test", "null_tests"]
