"""The MLflow UI opened where a researcher wants it: trials, metrics, swept values, lowest n-cut first."""

import json

from mlflow import MlflowClient

_VIEW_KEY = "clusterability"
_METRICS = ("test_accuracy", "validation_accuracy", "ncut", "null_mean", "z_score", "p_value")


def save_view(client: MlflowClient, experiment_id: str, axes: tuple[str, ...]) -> None:
    """Keep the view with the experiment, as MLflow's own "share view" does: by default its table shows the
    sweep's one parent run and no metric.
    """
    metrics = [f"metrics.`{name}`" for name in _METRICS]
    view = {
        "searchFilter": "tags.kind = 'trial'",
        "orderByKey": "metrics.`ncut`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [*metrics, *(f"params.`{axis}`" for axis in axes), "tags.`seed`"],
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


def view_addresses(client: MlflowClient, server: str) -> dict[str, str]:
    """Return the address of each space's view on the MLflow server `server`, newest space first."""
    experiments = client.search_experiments(order_by=["last_update_time DESC"])
    return {
        item.name: f"{server}/#/experiments/{item.experiment_id}/runs?viewStateShareKey={_VIEW_KEY}"
        for item in experiments
        if f"mlflow.sharedViewState.{_VIEW_KEY}" in item.tags
    }
