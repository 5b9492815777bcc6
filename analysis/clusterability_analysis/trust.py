"""What limits null tests: the status of each seed's test, and what it comes to for a condition."""

import math
from collections.abc import Iterable

import pandas as pd

from clusterability_analysis.labels import is_missing
from clusterability_analysis.tested import Tested

_BETWEEN = " | "
_UNDECIDED = "undecided"


def condition_status(statuses: Iterable[object]) -> str | float:
    """Sum up the statuses of a condition's seeds: "ok" where all are, NaN where none is known.

    Of the seeds whose statuses begin alike ("undecided", "weak") there is one text, that of the first:
    "undecided in 2 of 3 seeds: units' strengths vary, ...". Seeds of which nothing is known count as "ok".
    """
    statuses = list(statuses)
    if all(map(is_missing, statuses)):
        return math.nan
    texts: dict[str, list[str]] = {}
    for status in statuses:
        if not is_missing(status) and status != "ok":
            kind, _, text = str(status).partition(": ")
            texts.setdefault(kind, []).append(text)
    parts = [f"{kind}{_how_many(len(found), len(statuses))}: {found[0]}" for kind, found in texts.items()]
    return _BETWEEN.join(parts) or "ok"


def is_limited(status: object) -> bool:
    """Say whether a condition's status says of its test that something limits it."""
    return not is_missing(status) and status != "ok"


def is_undecided(status: object) -> bool:
    """Say whether it says so of a test whose p can be small without any modules."""
    return not is_missing(status) and _UNDECIDED in str(status)


def status_kinds(status: str) -> str:
    """Return what a condition's status begins with, such as "undecided in 2 of 3 seeds"."""
    return ", ".join(part.partition(":")[0] for part in status.split(_BETWEEN))


def add_status(table: pd.DataFrame, trials: pd.DataFrame, tests: Iterable[Tested]) -> None:
    """Give the table of conditions a column `test.status` of each test."""
    groups = trials.groupby("condition_id")
    for test in tests:
        statuses = dict(list(groups[test.status])) if test.status in trials else {}
        found = [condition_status(statuses.get(condition, ())) for condition in table["condition_id"]]
        table[test.status] = pd.Series(found, index=table.index, dtype=object)


def _how_many(number: int, seeds: int) -> str:
    return "" if number == seeds else f" in {number} of {seeds} seeds"
