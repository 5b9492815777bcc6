"""Lesions: what a network loses when a cluster's hidden units are taken out."""

from clusterability.lesions.result import ClusterLesion, Comparison, DoubleLesions, LesionTest
from clusterability.lesions.significance import lesion_test

__all__ = ["ClusterLesion", "Comparison", "DoubleLesions", "LesionTest", "lesion_test"]
