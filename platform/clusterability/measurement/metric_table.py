"""The table of docs/metrics.md, out of the metrics themselves."""

from clusterability.components import find, names


def metric_table() -> str:
    """Return a Markdown table of all metrics: name, meaning, unit, which way is better, who may look."""
    rows = ["| metric | meaning | unit | better | search |", "|---|---|---|---|---|"]
    for name in names("metric"):
        metric = find("metric", name)
        searchable = "yes" if metric.searchable else ""
        better = {"max": "higher", "min": "lower", None: ""}[metric.better]
        rows.append(f"| `{name}` | {metric.meaning} | {metric.unit} | {better} | {searchable} |")
    return "\n".join(rows)
