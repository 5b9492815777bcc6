"""What can be named in a search space: one table of components, and the lookup that takes your own as well.

A component is one file and one line here. Whatever lists components (help, errors, documentation, tests)
reads this table; it holds text only, so that naming a component never waits for torch.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from clusterability.errors import ConfigError, unknown_name
from clusterability.own_code import import_own, is_own

COMPONENTS: Mapping[str, Mapping[str, str]] = {
    "architecture": {
        "mlp": "clusterability.models.mlp:mlp",
        "cnn": "clusterability.models.cnn:cnn",
        "vgg": "clusterability.models.vgg:vgg",
        "resnet": "clusterability.models.resnet:resnet",
    },
    "data set": {
        "digits": "clusterability.data.digits:load_digits",
        "mnist": "clusterability.data.idx:load_mnist",
        "fashion_mnist": "clusterability.data.idx:load_fashion_mnist",
        "kmnist": "clusterability.data.idx:load_kmnist",
        "cifar10": "clusterability.data.cifar:load_cifar10",
        "lines": "clusterability.data.synthetic:load_lines",
        "random": "clusterability.data.synthetic:load_random",
        "polynomials": "clusterability.data.synthetic:load_polynomials",
        "npz": "clusterability.data.npz:load_npz",
    },
    "penalty": {
        "l1": "clusterability.training.penalties.l1:L1",
        "l2": "clusterability.training.penalties.l2:L2",
        "locality": "clusterability.training.penalties.locality:Locality",
        "intra_cluster": "clusterability.training.penalties.intra_cluster:IntraCluster",
        "clusterability": "clusterability.training.penalties.clusterability:Clusterability",
    },
    "null": {
        "layer": "clusterability.nulls.layer:layer",
        "layer_nonzero": "clusterability.nulls.layer_nonzero:layer_nonzero",
        "layer_nonzero_distribution": (
            "clusterability.nulls.layer_nonzero_distribution:layer_nonzero_distribution"
        ),
        "layer_all_distribution": "clusterability.nulls.layer_all_distribution:layer_all_distribution",
        "layer_degree": "clusterability.nulls.layer_degree:layer_degree",
        "profile": "clusterability.nulls.profile:profile",
        "residual": "clusterability.nulls.residual:residual",
        "unit_factors": "clusterability.nulls.unit_factors:unit_factors_null",
        "dispersion": "clusterability.nulls.dispersion:dispersion",
        "initialisation": "clusterability.nulls.initialisation:initialisation",
    },
    "estimator": {
        "refined": "clusterability.ncut.refined:refined_partition",
        "spectral": "clusterability.ncut.spectral:spectral_partition",
    },
    "quick_estimator": {"refined": "clusterability.ncut.refined:refined_search"},
    "metric": {
        "train_accuracy": "clusterability.measurement.metrics.accuracy:TRAIN_ACCURACY",
        "validation_accuracy": "clusterability.measurement.metrics.accuracy:VALIDATION_ACCURACY",
        "validation_loss": "clusterability.measurement.metrics.accuracy:VALIDATION_LOSS",
        "test_accuracy": "clusterability.measurement.metrics.accuracy:TEST_ACCURACY",
        "train_loss": "clusterability.measurement.metrics.accuracy:TRAIN_LOSS",
        "epochs_trained": "clusterability.measurement.metrics.accuracy:EPOCHS_TRAINED",
        "ncut": "clusterability.measurement.metrics.ncut:NCUT",
        "ncut_spectral": "clusterability.measurement.metrics.ncut:NCUT_SPECTRAL",
        "ncut_refined": "clusterability.measurement.metrics.ncut:NCUT_REFINED",
        "ncut_lower_bound": "clusterability.measurement.metrics.ncut:NCUT_LOWER_BOUND",
        "modularity": "clusterability.measurement.metrics.partition:MODULARITY",
        "effective_clusters": "clusterability.measurement.metrics.partition:EFFECTIVE_CLUSTERS",
        "intra_cluster_share": "clusterability.measurement.metrics.intra_cluster_share:INTRA_CLUSTER_SHARE",
        "connection_length": "clusterability.measurement.metrics.connection_length:CONNECTION_LENGTH",
        "num_units": "clusterability.measurement.metrics.num_units:NUM_UNITS",
        "num_isolated": "clusterability.measurement.metrics.graph:NUM_ISOLATED",
        "num_components": "clusterability.measurement.metrics.graph:NUM_COMPONENTS",
        "layered_modularity": "clusterability.measurement.metrics.layered:LAYERED_MODULARITY",
        "layered_clusters": "clusterability.measurement.metrics.layered:LAYERED_CLUSTERS",
        "layer_share": "clusterability.measurement.metrics.layered:LAYER_SHARE",
        "stability": "clusterability.measurement.metrics.stability:STABILITY",
        "layered_stability": "clusterability.measurement.metrics.stability:LAYERED_STABILITY",
        "small_clusters": "clusterability.measurement.metrics.small_clusters:SMALL_CLUSTERS",
        "layered_small_clusters": "clusterability.measurement.metrics.small_clusters:LAYERED_SMALL_CLUSTERS",
        "num_dangling": "clusterability.measurement.metrics.dangling:NUM_DANGLING",
        "null_mean": "clusterability.measurement.metrics.null_test:NULL_MEAN",
        "null_sd": "clusterability.measurement.metrics.null_test:NULL_SD",
        "z_score": "clusterability.measurement.metrics.null_test:Z_SCORE",
        "p_value": "clusterability.measurement.metrics.null_test:P_VALUE",
        "verdict_null_mean": "clusterability.measurement.metrics.verdict:VERDICT_NULL_MEAN",
        "verdict_null_sd": "clusterability.measurement.metrics.verdict:VERDICT_NULL_SD",
        "verdict_z_score": "clusterability.measurement.metrics.verdict:VERDICT_Z_SCORE",
        "verdict_p_value": "clusterability.measurement.metrics.verdict:VERDICT_P_VALUE",
        "layered_modularity_at_k": "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_AT_K",
        "layered_modularity_null_mean": (
            "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_NULL_MEAN"
        ),
        "layered_modularity_null_sd": "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_NULL_SD",
        "layered_modularity_z_score": "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_Z_SCORE",
        "layered_modularity_p_value": "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_P_VALUE",
        "ncut_contribution": "clusterability.measurement.metrics.ncut:NCUT_CONTRIBUTION",
        "effective_clusters_contribution": (
            "clusterability.measurement.metrics.partition:EFFECTIVE_CLUSTERS_CONTRIBUTION"
        ),
        "num_isolated_contribution": "clusterability.measurement.metrics.graph:NUM_ISOLATED_CONTRIBUTION",
        "layered_modularity_contribution": (
            "clusterability.measurement.metrics.layered:LAYERED_MODULARITY_CONTRIBUTION"
        ),
        "layered_clusters_contribution": (
            "clusterability.measurement.metrics.layered:LAYERED_CLUSTERS_CONTRIBUTION"
        ),
        "layer_share_contribution": "clusterability.measurement.metrics.layered:LAYER_SHARE_CONTRIBUTION",
        "stability_contribution": "clusterability.measurement.metrics.stability:STABILITY_CONTRIBUTION",
        "layered_stability_contribution": (
            "clusterability.measurement.metrics.stability:LAYERED_STABILITY_CONTRIBUTION"
        ),
        "small_clusters_contribution": (
            "clusterability.measurement.metrics.small_clusters:SMALL_CLUSTERS_CONTRIBUTION"
        ),
        "layered_small_clusters_contribution": (
            "clusterability.measurement.metrics.small_clusters:LAYERED_SMALL_CLUSTERS_CONTRIBUTION"
        ),
        "num_dangling_contribution": "clusterability.measurement.metrics.dangling:NUM_DANGLING_CONTRIBUTION",
        "null_mean_contribution": "clusterability.measurement.metrics.null_test:NULL_MEAN_CONTRIBUTION",
        "null_sd_contribution": "clusterability.measurement.metrics.null_test:NULL_SD_CONTRIBUTION",
        "z_score_contribution": "clusterability.measurement.metrics.null_test:Z_SCORE_CONTRIBUTION",
        "p_value_contribution": "clusterability.measurement.metrics.null_test:P_VALUE_CONTRIBUTION",
        "verdict_null_mean_contribution": (
            "clusterability.measurement.metrics.verdict:VERDICT_NULL_MEAN_CONTRIBUTION"
        ),
        "verdict_null_sd_contribution": (
            "clusterability.measurement.metrics.verdict:VERDICT_NULL_SD_CONTRIBUTION"
        ),
        "verdict_z_score_contribution": (
            "clusterability.measurement.metrics.verdict:VERDICT_Z_SCORE_CONTRIBUTION"
        ),
        "verdict_p_value_contribution": (
            "clusterability.measurement.metrics.verdict:VERDICT_P_VALUE_CONTRIBUTION"
        ),
        "layered_modularity_at_k_contribution": (
            "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_AT_K_CONTRIBUTION"
        ),
        "layered_modularity_null_mean_contribution": (
            "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_NULL_MEAN_CONTRIBUTION"
        ),
        "layered_modularity_null_sd_contribution": (
            "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_NULL_SD_CONTRIBUTION"
        ),
        "layered_modularity_z_score_contribution": (
            "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_Z_SCORE_CONTRIBUTION"
        ),
        "layered_modularity_p_value_contribution": (
            "clusterability.measurement.metrics.verdict:LAYERED_MODULARITY_P_VALUE_CONTRIBUTION"
        ),
        "functional_clusters": "clusterability.measurement.metrics.lesions:FUNCTIONAL_CLUSTERS",
        "clusters_without_effect": "clusterability.measurement.metrics.lesions:CLUSTERS_WITHOUT_EFFECT",
        "largest_effect": "clusterability.measurement.metrics.lesions:LARGEST_EFFECT",
        "causal_gap": "clusterability.measurement.metrics.lesions:CAUSAL_GAP",
        "class_mutual_information": "clusterability.measurement.metrics.lesions:CLASS_MUTUAL_INFORMATION",
        "functional_clusters_ncut": "clusterability.measurement.metrics.lesions:FUNCTIONAL_CLUSTERS_NCUT",
        "clusters_without_effect_ncut": (
            "clusterability.measurement.metrics.lesions:CLUSTERS_WITHOUT_EFFECT_NCUT"
        ),
        "largest_effect_ncut": "clusterability.measurement.metrics.lesions:LARGEST_EFFECT_NCUT",
        "causal_gap_ncut": "clusterability.measurement.metrics.lesions:CAUSAL_GAP_NCUT",
        "class_mutual_information_ncut": (
            "clusterability.measurement.metrics.lesions:CLASS_MUTUAL_INFORMATION_NCUT"
        ),
        "seconds_training": "clusterability.measurement.metrics.seconds:SECONDS_TRAINING",
        "seconds_measuring": "clusterability.measurement.metrics.seconds:SECONDS_MEASURING",
    },
    "search method": {
        "grid": "clusterability.sweep.methods.grid:propose_grid",
        "random": "clusterability.sweep.methods.random:propose_random",
        "tpe": "clusterability.sweep.methods.tpe:propose_tpe",
        "nsga2": "clusterability.sweep.methods.nsga2:propose_nsga2",
        "gp": "clusterability.sweep.methods.gp:propose_gp",
    },
    "figure": {
        "frontier": "clusterability_analysis.figures.frontier:FRONTIER",
        "second_frontier": "clusterability_analysis.figures.second_frontier:SECOND_FRONTIER",
        "significance": "clusterability_analysis.figures.significance:SIGNIFICANCE",
        "axes": "clusterability_analysis.figures.axes:AXES",
        "clusters": "clusterability_analysis.figures.clusters:CLUSTERS",
        "lesion_effects": "clusterability_analysis.figures.lesion_effects:LESION_EFFECTS",
        "interactions": "clusterability_analysis.figures.interactions:INTERACTIONS_FIGURE",
        "curves": "clusterability_analysis.figures.curves:CURVES",
    },
}
"""By kind and name, "module:attribute"."""


def names(kind: str) -> tuple[str, ...]:
    """Return the names of the components of a kind, in the order of the table."""
    return tuple(COMPONENTS[kind])


def require_known(kind: str, name: str) -> None:
    """Raise the ConfigError of `find` for a name that is no component's, without importing anything."""
    if name not in COMPONENTS[kind] and not is_own(name):
        raise ConfigError(f"{unknown_name(kind, name, names(kind))}, or your own as package.module:attribute")


def find(kind: str, name: str) -> Any:
    """Return the component of a kind that has a known name, or that "package.module:attribute" names.

    The user's own are looked for in the current folder, then among the installed packages.

    Raises:
        ConfigError: an unknown name; a module or an attribute that is not there; a module that fails.
    """
    require_known(kind, name)
    if not is_own(name):
        module_name, attribute = COMPONENTS[kind][name].split(":")
        return getattr(importlib.import_module(module_name), attribute)
    try:
        return import_own(name)
    except ConfigError as error:
        raise ConfigError(f"{kind} {name!r}: {error}") from None
