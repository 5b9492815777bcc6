"""A lesion test as plain values, fit for JSON: what a trial's record keeps."""

from typing import Any

from clusterability.lesions.result import ClusterLesion, Comparison, DoubleLesions, LesionTest


def plain_values(test: LesionTest) -> dict[str, Any]:
    """Return a lesion test's numbers by name, of each cluster and of all together, without the references."""
    return {
        "ablation": test.ablation,
        "num_random": test.num_random,
        "num_examples": test.num_examples,
        "baseline_loss": test.baseline_loss,
        "baseline_accuracy": test.baseline_accuracy,
        "functional_clusters": test.functional_clusters,
        "clusters_without_effect": test.clusters_without_effect,
        "largest_effect": test.largest_effect,
        "class_mutual_information": _comparison(test.class_information),
        "causal_gap": _comparison(test.class_gap),
        "layer_names": list(test.layer_names),
        "classes": list(test.classes),
        "least_effect": test.clusters[0].least_effect,
        "clusters": [_cluster(lesion) for lesion in test.clusters],
        "double": _double(test.double),
    }


def _cluster(lesion: ClusterLesion) -> dict[str, Any]:
    loss, accuracy = lesion.class_loss_increase, lesion.class_accuracy_drop
    return {
        "cluster": lesion.cluster,
        "units_per_layer": list(lesion.units_per_layer),
        "num_units": lesion.num_units,
        "dead_units": lesion.dead_units,
        "volume": lesion.volume,
        "loss_increase": lesion.loss_increase,
        "excess": lesion.excess,
        "p_value": lesion.p_value,
        "band": list(lesion.band),
        "has_effect": lesion.has_effect,
        "accuracy_drop": lesion.accuracy_drop,
        "class_loss_increase": None if loss is None else loss.tolist(),
        "class_accuracy_drop": None if accuracy is None else accuracy.tolist(),
    }


def _comparison(found: Comparison | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "value": found.value,
        "excess": found.excess,
        "p_value": found.p_value,
        "band": list(found.band),
    }


def _double(found: DoubleLesions | None) -> dict[str, Any] | None:
    """Return what pairs do; rows and columns are the clusters in their order."""
    if found is None:
        return None
    return {
        "num_random": found.num_random,
        "interaction": found.interaction.tolist(),
        "excess": found.excess.tolist(),
        "band": found.band.tolist(),
        "p_value": found.p_value.tolist(),
    }
