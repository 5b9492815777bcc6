"""Which null tests a sweep's trials record, and in which columns their numbers are."""

from dataclasses import dataclass

import pandas as pd

from clusterability.tracking import SweepTable
from clusterability_analysis.quantity import Quantity, known_quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """A statistic of one graph, the null it is compared with, and the columns of that test."""

    statistic: Quantity
    """What is tested: its direction says which side of the null is more clusterable."""
    null: str
    """Name of the null, such as "layer"; empty where the sweep does not say."""
    prefix: str
    """What the names of the test's columns begin with: nothing for the n-cut under the first null."""
    suffix: str
    """What they end in: nothing for the weights."""

    @property
    def title(self) -> str:
        """How the null is called."""
        return f"null {self.null}" if self.null else "null"

    @property
    def null_mean(self) -> str:
        """Column of the mean of the null."""
        return f"{self.prefix}null_mean{self.suffix}"

    @property
    def null_sd(self) -> str:
        """Column of the standard deviation of the null."""
        return f"{self.prefix}null_sd{self.suffix}"

    @property
    def z_score(self) -> str:
        """Column of the distance to the null in its standard deviations."""
        return f"{self.prefix}z_score{self.suffix}"

    @property
    def p_value(self) -> str:
        """Column of the p-values of single trials."""
        return f"{self.prefix}p_value{self.suffix}"

    @property
    def status(self) -> str:
        """Column of what limits the test: a trial's own status, then that of a condition's seeds."""
        return f"{self.prefix}null_status{self.suffix}"

    @property
    def combined(self) -> str:
        """Column of the conditions' p-values, those of their replicates combined."""
        return f"{self.p_value}_combined"

    @property
    def adjusted(self) -> str:
        """Column of the conditions' q-values."""
        return f"{self.p_value}_adjusted"


def recorded_tests(sweep: SweepTable, suffix: str) -> tuple[Tested, ...]:
    """Return the null tests of a graph, the one that the verdict comes from last.

    These are the n-cut under the first null and, where any trial has them, n-cut and layered modularity under
    the verdict's null. Trials of earlier versions, or with `nulls.verdict: null`, have the first alone.
    """
    ncut = known_quantity(f"ncut{suffix}")
    modularity = known_quantity(f"layered_modularity_at_k{suffix}")
    first = Tested(statistic=ncut, null=_name(sweep, "nulls.null"), prefix="", suffix=suffix)
    verdict = _name(sweep, "nulls.verdict")
    of_ncut = Tested(statistic=ncut, null=verdict, prefix="verdict_", suffix=suffix)
    of_modularity = Tested(statistic=modularity, null=verdict, prefix="layered_modularity_", suffix=suffix)
    return (first, of_ncut, of_modularity) if is_recorded(sweep, of_modularity.p_value) else (first,)


def is_recorded(sweep: SweepTable, metric: str) -> bool:
    """Say whether any trial has a value of a metric."""
    if metric not in sweep.trials:
        return False
    return bool(pd.to_numeric(sweep.trials[metric], errors="coerce").notna().any())


def _name(sweep: SweepTable, field: str) -> str:
    """Return the null or nulls that a field names over a sweep; of an own one its function's name."""
    found = sweep.trials[field].dropna() if field in sweep.trials else [sweep.settings.get(field) or ""]
    return " / ".join(sorted({str(value).rsplit(":", 1)[-1] for value in found}))
