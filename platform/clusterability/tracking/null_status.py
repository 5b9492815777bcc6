"""Tags that say of a trial's null tests whether to trust them, named like the metrics of their numbers."""

from collections.abc import Mapping

_NULL_STATUS = "null_status"  # in their names, as "null_mean" is in metrics'
_BEGINNINGS = {"": "", "verdict": "verdict_", "layered_modularity": "layered_modularity_"}
_MOST_CHARACTERS = 5000  # what every store of MLflow takes


def null_status_tags(statuses: Mapping[str, str]) -> dict[str, str]:
    """Return tags from the status of each test of a record, "ok" or what limits it.

    That of the test "weights" is "null_status", of "contribution_layered_modularity" it is
    "layered_modularity_null_status_contribution", of "unpruned_weights_verdict" it is
    "unpruned_verdict_null_status".
    """
    return {_tag(name): status[:_MOST_CHARACTERS] for name, status in statuses.items()}


def is_null_status(tag: str) -> bool:
    """Say whether a tag is one of these."""
    return _NULL_STATUS in tag


def _tag(name: str) -> str:
    unpruned = "unpruned_" if name.startswith("unpruned_") else ""
    graph, _, test = name.removeprefix("unpruned_").partition("_")
    suffix = "_contribution" if graph == "contribution" else ""
    return f"{unpruned}{_BEGINNINGS[test]}{_NULL_STATUS}{suffix}"
