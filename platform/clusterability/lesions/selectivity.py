"""How far the clusters' lesions tell the classes apart."""

import numpy as np


def class_mutual_information(class_loss: np.ndarray, least: float) -> float:
    """Return the mutual information between a class and which cluster's lesion hurts it, in nats.

    A class y is drawn, all alike, then a cluster c in proportion to how far its lesion raises the loss on y
    (falls count as 0): I = mean_y sum_c p(c | y) log[p(c | y) / p(c)], with p(c) = mean_y p(c | y). 0 where
    every class is hurt by the same clusters; log of the number of classes where each has a cluster of
    its own.

    Args:
        class_loss: rise of the loss, shape (clusters, classes).
        least: classes whose rises add up to less are hurt by none and do not count.
    """
    hurt = np.maximum(class_loss, 0)
    hurt = hurt[:, hurt.sum(axis=0) >= least]
    if hurt.shape[1] == 0:
        return 0.0
    shares = hurt / hurt.sum(axis=0)
    mean = shares.mean(axis=1, keepdims=True)
    ratio = np.divide(shares, mean, out=np.ones_like(shares), where=shares > 0)
    return max(0.0, float((shares * np.log(ratio)).sum(axis=0).mean()))


def own_classes(class_loss: np.ndarray, least: float) -> np.ndarray:
    """Return which classes are each cluster's own: its lesion costs them more than any other cluster's does.

    Args:
        class_loss: rise of the loss, shape (clusters, classes).
        least: a class whose largest rise is smaller is nobody's.

    Returns:
        Boolean, shape (clusters, classes).
    """
    owners = class_loss.argmax(axis=0)
    own = np.arange(len(class_loss))[:, None] == owners
    return own & (class_loss.max(axis=0) >= least)


def causal_gap(class_loss: np.ndarray, class_accuracy: np.ndarray, least: float) -> float:
    """Return the drop of accuracy on clusters' own classes less that on the others, mean over such clusters.

    Clusters without a class of their own do not count; 0 where no cluster has one, or one has them all.

    Args:
        class_loss: rise of the loss, shape (clusters, classes); it says whose a class is.
        class_accuracy: drop of the accuracy, same shape.
        least: as for `own_classes`.
    """
    gaps = [
        float(drops[own].mean() - drops[~own].mean())
        for own, drops in zip(own_classes(class_loss, least), class_accuracy, strict=True)
        if own.any() and not own.all()
    ]
    return float(np.mean(gaps)) if gaps else 0.0
