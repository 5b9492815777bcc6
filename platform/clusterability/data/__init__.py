"""Data sets, checked byte for byte, divided into train, validation and test."""

from clusterability.data.dataset import Dataset, Split
from clusterability.data.load import load_dataset

__all__ = ["Dataset", "Split", "load_dataset"]
