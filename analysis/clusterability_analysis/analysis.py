"""All that is known of a sweep: what tables, figures and caveats are made from."""

from dataclasses import dataclass

from clusterability.tracking import SweepTable
from clusterability_analysis.conditions import Conditions, summarise_conditions
from clusterability_analysis.frontier import Frontier, find_frontier, find_second_frontier
from clusterability_analysis.shown import Shown
from clusterability_analysis.significance import Significance, assess_significance


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """A sweep, its conditions, their null tests and their frontiers."""

    sweep: SweepTable
    conditions: Conditions
    significance: Significance
    frontier: Frontier
    """That of the space's objectives."""
    second_frontier: Frontier | None
    """That of test accuracy and layered modularity."""

    @property
    def shown(self) -> Shown:
        """The metrics that the report is about."""
        return self.conditions.shown


def analyse(sweep: SweepTable) -> Analysis:
    """Average the trials of a sweep to conditions, test these, and find their frontiers."""
    conditions = summarise_conditions(sweep)
    significance = assess_significance(conditions, sweep.settings)
    frontier = find_frontier(conditions, significance.conditions, sweep.settings)
    return Analysis(
        sweep=sweep,
        conditions=conditions,
        significance=significance,
        frontier=frontier,
        second_frontier=find_second_frontier(frontier),
    )
