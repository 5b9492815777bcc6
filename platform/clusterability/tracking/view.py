"""The MLflow UI opened where a researcher wants it: trials, metrics, swept values, the best trial first."""

import json

from mlflow import MlflowClient

from clusterability.measurement.find_metric import find_metric
from clusterability.measurement.graph_suffix import GRAPH_SUFFIXES
from clusterability.measurement.metric import Metric
from clusterability.spaces import SearchSpace

_VIEW_KEY = "clusterability"


def save_view(client: MlflowClient, experiment_id: str, space: SearchSpace) -> None:
    """Keep the view with the experiment, as MLflow's own "share view" does.

    By default its table shows the sweep's one parent run and no metric. The view shows the objectives, what
    reports show in their place and the null tests of their graphs, sorted by the first objective that is on
    a graph, or else by the first.
    """
    described = [(item, find_metric(item.metric, item.direction)) for item in space.objectives]
    first, leading = next((pair for pair in described if pair[1].graph), described[0])
    metrics = [f"metrics.`{name}`" for name in _columns([metric for _, metric in described])]
    view = {
        "searchFilter": "tags.kind = 'trial'",
        "orderByKey": f"metrics.`{leading.name}`",
        "orderByAsc": first.direction == "min",
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [*metrics, *(f"params.`{axis.name}`" for axis in space.axes), "tags.`seed`"],
        "runsHidden": [],
        "runsPinned": [],
        "runsExpanded": {},
        "runsHiddenMode": "FIRSTK20",
        "runListHidden": False,
        "viewMaximized": False,
        "isAccordionReordered": False,
        "autoRefreshEnabled": True,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
    }
    client.set_experiment_tag(experiment_id, f"mlflow.sharedViewState.{_VIEW_KEY}", json.dumps(view))
    client.set_experiment_tag(experiment_id, "mlflow.experimentKind", "custom_model_development")


def _columns(metrics: list[Metric]) -> list[str]:
    names = [name for metric in metrics for name in (metric.reported_as, metric.name) if name]
    suffixes = [GRAPH_SUFFIXES[metric.graph] for metric in metrics if metric.graph]
    names += [f"{name}{suffix}" for suffix in suffixes for name in ("null_mean", "z_score", "p_value")]
    return list(dict.fromkeys(names))


def view_addresses(client: MlflowClient, server: str) -> dict[str, str]:
    """Return the address of each space's view on the MLflow server `server`, newest space first."""
    experiments = client.search_experiments(order_by=["last_update_time DESC"])
    return {
        item.name: f"{server}/#/experiments/{item.experiment_id}/runs?viewStateShareKey={_VIEW_KEY}"
        for item in experiments
        if f"mlflow.sharedViewState.{_VIEW_KEY}" in item.tags
    }
