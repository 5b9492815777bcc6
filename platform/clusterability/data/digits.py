"""The data set that comes with scikit-learn, so that a first sweep needs no network."""

import numpy as np
from sklearn import datasets

from clusterability.data.dataset import RawDataset
from clusterability.seeds import generator

_TEST_FRACTION = 0.2


def load_digits() -> RawDataset:
    """Return scikit-learn's 1,797 digits of 8x8 pixels (Alpaydin & Kaynak 1998), a fifth of them test."""
    images, labels = map(np.asarray, datasets.load_digits(return_X_y=True))
    inputs = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    order = generator(0, "test", "digits").permutation(len(labels))
    num_test = round(_TEST_FRACTION * len(order))
    test, train = order[:num_test], order[num_test:]
    return RawDataset(
        train_inputs=inputs[train],
        train_labels=labels[train],
        test_inputs=inputs[test],
        test_labels=labels[test],
        num_classes=10,
    )
