"""Which conditions' networks are more clusterable than their own shuffles, over a whole sweep.

One trial has one p-value, p = (1 + #{null <= observed}) / (1 + m). Two families of hypotheses are corrected,
each by Benjamini and Hochberg (1995):

- conditions (the one to quote): the p-values of a condition's replicates are combined into one by Fisher's
  method, so seeds are replicates and not extra hypotheses;
- trials (for reading single networks): every complete trial with a p-value.

Why Fisher, and why under independence: replicates share the data set and nothing else. Initialisation,
batches and shuffles come from the seed's own streams, and each permutation p-value is valid given the
trained weights, whatever they are; so under the null the replicates' p-values are independent and
super-uniform (P(p <= u) <= u). The logarithm keeps that order, hence -2 sum log p is stochastically at most
chi-squared with 2R degrees of freedom: the combined p-value is valid, and conservative because permutation
p-values are discrete. Stouffer's method would break down at p = 1; rules for arbitrary dependence (twice the
mean, or R times the smallest) would throw away what independent seeds are for. Rejection means: at least one
replicate's network is more clusterable than its shuffles. The number of replicates must not depend on their
results.

Across conditions the p-values may depend on each other (a seed is used in every condition).
Benjamini-Hochberg controls the false discovery rate under independence and positive regression dependence.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, false_discovery_control

from clusterability_analysis.conditions import Conditions, field_values
from clusterability_analysis.trust import add_status

ALPHA = 0.05
"""False discovery rate at which a condition is said to pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Significance:
    """The null tests of a sweep, corrected for their number."""

    conditions: pd.DataFrame
    """Rows of Conditions.table with num_tests, num_nominal (replicates with p <= alpha), p_value, q_value,
    passes of the verdict's test, and of each test the combined and adjusted p-values and the status."""
    trials: pd.DataFrame
    """The usable trials with q_value over all of them."""
    alpha: float
    """Level of the false discovery rate."""
    num_shuffles: int | None
    """Shuffles m per null test; the smallest over the sweep, None where unknown."""
    family: str
    """What was corrected over, in a sentence."""
    warnings: tuple[str, ...]
    """What the tests cannot show, such as m too small for any condition to pass."""


def combine_replicates(p_values: np.ndarray) -> float:
    """Combine independent p-values by Fisher's method: P(chi2_2R >= -2 sum_r log p_r).

    NaN entries (no test) are left out; NaN for none. Equivalent to scipy.stats.combine_pvalues("fisher").
    """
    p_values = np.asarray(p_values, dtype=float)
    p_values = p_values[~np.isnan(p_values)]
    if not len(p_values):
        return math.nan
    return float(chi2.sf(-2 * np.log(p_values).sum(), 2 * len(p_values)))


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Return q-values, shape (n,); NaN entries (no test) do not count into the family and stay NaN."""
    p_values = np.asarray(p_values, dtype=float)
    tested = ~np.isnan(p_values)
    q_values = np.full(p_values.shape, math.nan)
    if tested.any():
        q_values[tested] = false_discovery_control(p_values[tested], method="bh")
    return q_values


def shuffles_needed(num_hypotheses: int, num_replicates: int, alpha: float = ALPHA) -> int:
    """Return the least m with which one hypothesis alone can pass among `num_hypotheses`.

    All of its R replicates at the smallest p, 1 / (m + 1), must combine to alpha / N at most. For R = 1 this
    is m + 1 >= N / alpha.
    """
    degrees = 2 * num_replicates
    least = math.exp(chi2.isf(alpha / num_hypotheses, degrees) / degrees)
    return math.ceil(round(least, 9)) - 1


def assess_significance(
    conditions: Conditions, settings: dict[str, object], alpha: float = ALPHA
) -> Significance:
    """Test every condition and every trial of a sweep; see the module's text for method and families.

    p_value, q_value, passes and the counts are those of the verdict's test, `shown.verdict`. The other null
    tests have their own columns of combined and of adjusted p-values, each test a family of its own.
    """
    shown = conditions.shown
    groups = conditions.trials.groupby("condition_id")
    table = conditions.table.copy()
    ids = table["condition_id"]
    for test in (*shown.tests, *shown.other_tests):
        table[test.combined] = ids.map(groups[test.p_value].agg(combine_replicates)).astype(float)
        table[test.adjusted] = benjamini_hochberg(table[test.combined].to_numpy())
    add_status(table, conditions.trials, (*shown.tests, *shown.other_tests))
    verdict = groups[shown.verdict.p_value]
    table["num_tests"] = ids.map(verdict.count()).astype(int)
    table["num_nominal"] = ids.map(verdict.agg(lambda p: int((p <= alpha).sum()))).astype(int)
    table["p_value"], table["q_value"] = table[shown.verdict.combined], table[shown.verdict.adjusted]
    table["passes"] = table["q_value"] <= alpha
    trials = conditions.trials.copy()
    trials["q_value"] = benjamini_hochberg(trials[shown.verdict.p_value].to_numpy())
    num_shuffles = _num_shuffles(conditions, settings)
    return Significance(
        conditions=table,
        trials=trials,
        alpha=alpha,
        num_shuffles=num_shuffles,
        family=_family(int(table["p_value"].notna().sum()), int(trials["q_value"].notna().sum())),
        warnings=_warnings(table, num_shuffles, alpha),
    )


def _num_shuffles(conditions: Conditions, settings: dict[str, object]) -> int | None:
    known = pd.to_numeric(field_values("nulls.num_shuffles", conditions.table, settings)).dropna()
    return int(known.min()) if len(known) else None


def _family(num_conditions: int, num_trials: int) -> str:
    return (
        f"Benjamini–Hochberg over the {num_conditions} tested conditions of this sweep; the p-values of a "
        "condition's seeds are combined by Fisher's method first, so seeds are replicates and not extra "
        "hypotheses. "
        f"The q-values of single trials are over all {num_trials} tested trials."
    )


def _warnings(table: pd.DataFrame, num_shuffles: int | None, alpha: float) -> tuple[str, ...]:
    tested = table[table["num_tests"] > 0]
    warnings = []
    if len(tested) < len(table):
        warnings.append(f"{len(table) - len(tested)} of {len(table)} conditions have no null test.")
    if num_shuffles is None or tested.empty:
        return tuple(warnings)
    replicates, family = int(tested["num_tests"].max()), len(tested)
    needed = shuffles_needed(family, replicates, alpha)
    if num_shuffles < needed:
        warnings.append(_too_few_shuffles(num_shuffles, replicates, family, needed, alpha))
    return tuple(warnings)


def _too_few_shuffles(num_shuffles: int, replicates: int, family: int, needed: int, alpha: float) -> str:
    smallest = combine_replicates(np.full(replicates, 1 / (num_shuffles + 1)))
    together = math.ceil(round(smallest * family / alpha, 9))
    seeds = f"{replicates} seed{'s' if replicates > 1 else ''}"
    reach = (
        "no condition can pass, whatever its networks look like"
        if together > family
        else f"no condition can pass on its own; {together} of the {family} must reach that p together"
    )
    return (
        f"m = {num_shuffles} shuffles are few: with {seeds} the smallest possible p of a condition is "
        f"{smallest:.2g}, and at a false discovery rate of {alpha:g} {reach}. "
        f"From nulls.num_shuffles = {needed} on, one condition alone can."
    )
