"""What each null test of a report asks, and what is known of its size, in a few sentences."""

from clusterability_analysis.tested import Tested

_ASKED = {
    "layer": (
        "layer (the paper's null) asks whether the same weights in other places of their layer give as low "
        "an n-cut: it has no power where units are strong on both sides, and a small p of it alone may come "
        "from units that are strong on one."
    ),
    "unit_factors": (
        "unit_factors keeps how large each unit's weights are, and asks for structure beyond that; the size "
        "of the layered modularity under it, at level 0.05, is at most 0.07 in simulations of iid weights "
        "and of units strong on both sides, but 0.1 to 0.4 for units strong on one, and where heavy-tailed "
        "weights and unequal strengths meet."
    ),
    "dispersion": (
        "dispersion keeps how large each unit's weights are and how uneven each matrix is, and asks whether "
        "that unevenness is arranged in modules; the size of the layered modularity under it, at level 0.05, "
        "is at most 0.07 in simulations of iid weights of any tail and of units strong on both sides, and up "
        "to 0.10 where log-normal weights and unequal strengths meet."
    ),
    "profile": (
        "profile lets hidden units of similar strength swap the directions of their outgoing weights, and "
        "asks whether structure continues through units; it is blind to structure within one matrix."
    ),
    "residual": (
        "residual permutes what strengths leave of the weights, and asks for structure within each matrix "
        "beyond strengths; in heavy-tailed weights it finds some where there is none."
    ),
}


def questions(tests: tuple[Tested, ...]) -> tuple[str, ...]:
    """Return what the tests ask and what their p-values are worth; nothing where there is one test alone."""
    if len(tests) == 1:
        return ()
    first, verdict = tests[0], tests[-1]
    asked = [_ASKED[null] for null in dict.fromkeys([first.null, verdict.null]) if null in _ASKED]
    return (
        *asked,
        f"The verdict, q, is that of the {verdict.statistic.label} under the {verdict.title}; docs/nulls.md "
        "says what each null keeps, and where its size holds.",
    )
