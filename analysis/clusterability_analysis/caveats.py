"""What a reader of the report has to know before quoting a number from it."""

from dataclasses import dataclass

from clusterability.tracking import SweepTable
from clusterability_analysis.analysis import Analysis
from clusterability_analysis.conditions import Conditions
from clusterability_analysis.labels import axis_names
from clusterability_analysis.scale import axes_off_scale
from clusterability_analysis.shown import Shown
from clusterability_analysis.significance import Significance
from clusterability_analysis.trust import is_undecided

_GAMED_WEIGHTS = (
    "n-cut is measured on raw weights: rectifier networks can be rescaled without changing what they "
    "compute, and groups of dead units wired among themselves count as clusters. On MNIST a penalised "
    "network reached n-cut 0.5 at full accuracy with nine of its twelve clusters dead. A low n-cut of a "
    "penalised network is no evidence of modularity until its clusters are shown to matter: dead units, "
    "share of volume and lesion effect per cluster, and n-cut on the contribution graph."
)
_GAMED_CONTRIBUTIONS = (
    "n-cut is measured on contributions: rescaling does not change it and dead units have no edges, yet "
    "small groups of units that hardly matter, wired among themselves, count as clusters. On MNIST and "
    "Fashion-MNIST networks with the penalty on 11 eigenvalues of the contribution graph reached 0.9 to 6.0, "
    "most of them above their own shuffles. A low n-cut of a penalised network is no evidence of modularity "
    "until its clusters are shown to matter: share of volume and lesion effect per cluster."
)


FAR_BELOW = 3
"""Standard deviations below the mean of the verdict's null from which on a network is unlike that null."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caveat:
    """One thing to know."""

    title: str
    text: str
    serious: bool = False
    """Whether it can turn the conclusion around."""


def find_caveats(analysis: Analysis) -> tuple[Caveat, ...]:
    """Return the caveats that apply to a sweep, those that can turn the conclusion around first."""
    sweep, conditions = analysis.sweep, analysis.conditions
    candidates = [
        _gaming(conditions),
        _pooled(conditions),
        _few_shuffles(analysis.significance),
        _undecided(conditions.shown, analysis.significance),
        _unlike_the_null(conditions.shown, analysis.significance),
        _disagreement(conditions.shown, analysis.significance),
        _components(conditions),
        _versions(conditions),
        _lost_trials(sweep, conditions),
        _single_seeds(conditions),
        _selection(conditions.shown),
        _meaning(),
    ]
    return tuple(sorted(filter(None, candidates), key=lambda caveat: not caveat.serious))


def _gaming(conditions: Conditions) -> Caveat | None:
    number = int(conditions.table["penalised"].sum())
    if not number:
        return None
    gamed = _GAMED_WEIGHTS if conditions.shown.verdict.suffix == "" else _GAMED_CONTRIBUTIONS
    return Caveat(
        title="The clusterability penalty can lower n-cut without any structure in the function",
        text=(
            f"{number} of {len(conditions.table)} conditions train with the penalty (diamonds in the "
            f"figures). {gamed}"
        ),
        serious=True,
    )


def _pooled(conditions: Conditions) -> Caveat | None:
    axes = axes_off_scale(conditions)
    if not axes:
        return None
    names, shown = axis_names(axes), conditions.shown
    nevertheless = " The frontier is drawn nevertheless." if shown.ncut in shown.objectives else ""
    return Caveat(
        title="n-cuts on one axis that are not on one scale",
        text=(
            f"This sweep varies {', '.join(names[axis] for axis in axes)}. n-cut depends on the number of "
            "clusters and on the graph's size, so a lower n-cut between such conditions says little; compare "
            f"each with its own null (the distance to it, z and q).{nevertheless}"
        ),
        serious=True,
    )


def _few_shuffles(significance: Significance) -> Caveat | None:
    if not significance.warnings:
        return None
    return Caveat(title="Limits of the null tests", text=" ".join(significance.warnings), serious=True)


def _undecided(shown: Shown, significance: Significance) -> Caveat | None:
    table, verdict = significance.conditions, shown.verdict
    undecided = table[verdict.status].map(is_undecided).astype(bool)
    passing = int((undecided & table["passes"]).sum())
    if not undecided.any():
        return None
    return Caveat(
        title="Null tests that say of themselves that they are undecided",
        text=(
            f"In {int(undecided.sum())} of {len(table)} conditions the test of the {verdict.statistic.label} "
            f"under the {verdict.title} is undecided for some seed: there p can be small without modules, "
            f"and {passing} of the {int(table['passes'].sum())} conditions that pass are there."
        ),
        serious=True,
    )


def _unlike_the_null(shown: Shown, significance: Significance) -> Caveat | None:
    verdict = shown.verdict
    if verdict is shown.tests[0]:
        return None
    z = verdict.statistic.sign * significance.conditions[f"{verdict.z_score}_mean"].dropna()
    number = int((z <= -FAR_BELOW).sum())
    if not number:
        return None
    dead_units = (
        " Nearly dead units do this: their tiny weights differ by large ratios, and one of these drawn for "
        "two strong units outweighs its layer."
    )
    return Caveat(
        title="Null networks that are not like the networks",
        text=(
            f"In {number} of {len(z)} conditions the {verdict.statistic.label} is {FAR_BELOW} sd or more "
            f"below the mean of the {verdict.title}. There that null has no power: not to pass is no "
            f"evidence against modules.{dead_units * (verdict.null == 'unit_factors')}"
        ),
        serious=True,
    )


def _disagreement(shown: Shown, significance: Significance) -> Caveat | None:
    first, verdict, table = shown.tests[0], shown.verdict, significance.conditions
    if first is verdict:
        return None
    both = table[[first.adjusted, verdict.adjusted]].dropna()
    by_first, by_verdict = (both[test.adjusted] <= significance.alpha for test in (first, verdict))
    alone, added = int((by_first & ~by_verdict).sum()), int((by_verdict & ~by_first).sum())
    if not alone + added:
        return None
    unequal = " What layer finds alone may come from units of unequal strength." * (first.null == "layer")
    ncut, modularity = f"{first.statistic.label} under the {first.title}", verdict.statistic.label
    return Caveat(
        title="The two null tests disagree",
        text=(
            f"For {alone + added} of {len(both)} conditions they do at q ≤ {significance.alpha:g}: {alone} "
            f"pass by {ncut} alone, {added} by {modularity} under the {verdict.title} alone. The report's "
            f"verdict is the second.{unequal}"
        ),
        serious=True,
    )


def _components(conditions: Conditions) -> Caveat | None:
    components = conditions.trials["num_components"]
    number = int((components > 1).sum())
    if not number or conditions.shown.verdict.suffix:  # the number is known of the weight graph alone
        return None
    return Caveat(
        title="Networks that fall into separate pieces",
        text=(
            f"{number} of {len(components)} networks have more than one connected component (at most "
            f"{int(components.max())}). A whole component adds 0 to the n-cut, so their n-cut is low for a "
            "reason other than loosely connected groups."
        ),
    )


def _lost_trials(sweep: SweepTable, conditions: Conditions) -> Caveat | None:
    parts = []
    if len(conditions.failed):
        parts.append(f"{len(conditions.failed)} of {conditions.num_trials} trials failed or were stopped")
    if conditions.num_unfinished:
        parts.append(f"{conditions.num_unfinished} did not finish")
    if conditions.num_unusable:
        required = " or ".join(quantity.label for quantity in conditions.shown.required)
        parts.append(f"{conditions.num_unusable} lack a finite {required}")
    if sweep.state != "complete":
        parts.append(f"the sweep's state is “{sweep.state}”")
    if not parts:
        return None
    text = (
        f"{'; '.join(parts)}. They enter no mean: a condition that only sometimes trains is shown by its "
        "surviving seeds."
    )
    if conditions.num_lost:
        text += f" Conditions without any usable trial: {conditions.num_lost}."
    return Caveat(title="Trials that are not in the means", text=text[0].upper() + text[1:])


def _versions(conditions: Conditions) -> Caveat | None:
    commits = conditions.trials.get("git_commit")
    known = sorted(set(commits.dropna())) if commits is not None else []
    if len(known) < 2:
        return None
    return Caveat(
        title="Trials of several versions of the code",
        text=(
            f"The trials ran with {len(known)} commits ({', '.join(name[:10] for name in known)}). Versions "
            "may measure in different ways: n-cuts by the estimator `refined` are lower since its "
            "search was changed. Compare conditions of one version, or run the sweep again with --fresh."
        ),
        serious=True,
    )


def _single_seeds(conditions: Conditions) -> Caveat | None:
    number = int((conditions.table["num_replicates"] == 1).sum())
    if not number:
        return None
    return Caveat(
        title="No spread for some conditions",
        text=(
            f"{number} of {len(conditions.table)} conditions have a single seed: their place on the frontier "
            "may be luck, and no error bar says how much."
        ),
    )


def _selection(shown: Shown) -> Caveat:
    labels = [objective.label for objective in shown.objectives]
    seen = [label for label in labels if label not in shown.unseen]
    texts = [f"The search looked at {', '.join(shown.searched)}."]
    if shown.unseen:
        texts.append(f"Shown instead, on the test set: {', '.join(shown.unseen)}.")
    texts.append(
        "A frontier takes the best of many noisy means, so the values read off it are optimistic until those "
        "conditions are trained again with fresh seeds."
    )
    if seen:
        texts.append(f"Of {', '.join(seen)} there is no held-out version: what the search saw is shown.")
    return Caveat(title="Chosen by a search, and so optimistic", text=" ".join(texts))


def _meaning() -> Caveat:
    return Caveat(
        title="What significance says, and what it does not",
        text=(
            "A small q says that a condition's networks are more clusterable than their null networks, at "
            "least for one seed. It does not say that the clusters do anything, nor that the condition is "
            "more clusterable than another one."
        ),
    )
