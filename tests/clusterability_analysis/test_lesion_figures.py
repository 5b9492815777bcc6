"""What clusters do, drawn: strips, effects beside random sets, pairs; nothing where there are no lesions."""

import math

import numpy as np
import pytest

from clusterability.components import find
from clusterability_analysis.analysis import analyse
from clusterability_analysis.figures import clusters, interactions, lesion_effects
from clusterability_analysis.figures.clusters import ClustersInfo, Strips
from clusterability_analysis.figures.interactions import InteractionPanel, InteractionsInfo
from clusterability_analysis.figures.lesion_effects import EffectPanel, EffectsInfo
from clusterability_analysis.figures.style import EFFECTS, GRID, OTHER, svg_text
from clusterability_analysis.lesioned import Cluster, Pairs

NAMES = ("clusters", "lesion_effects", "interactions")
TWO = {"penalties.clusterability.weight": [0.0, 1.0]}
# An effect of its own, as much as random units, nothing to lesion, hardly any.
RISES = (
    (30.0, 0.5, (0.1, 0.4), True, 5),
    (50.0, 0.3, (0.2, 0.6), False, 9),
    (8.0, 0.0, (0.0, 0.0), False, 0),
)
LAST = (12.0, 0.004, (-0.01, 0.02), False, 2)
EXCESS = [[0, 0.2, 0, -0.06], [0.2, 0, 0, 0.01], [0, 0, 0, 0], [-0.06, 0.01, 0, 0]]
P_VALUE = [[1, 0.04, 1, 0.2], [0.04, 1, 1, 0.9], [1, 1, 1, 1], [0.2, 0.9, 1, 1]]


def lesioned(functional=2.0, double=False, **more):
    """Return the lesions of one trial, as its record has them."""
    content = {
        "num_random": 50, "num_examples": 180, "baseline_loss": 0.1, "baseline_accuracy": 0.9,
        "functional_clusters": functional, "clusters_without_effect": 3, "least_effect": 0.01,
        "clusters": [
            {
                "cluster": label, "num_units": units, "volume": volume, "loss_increase": rise,
                "band": list(band), "has_effect": effect,
            }
            for label, (volume, rise, band, effect, units) in enumerate((*RISES, LAST))
        ],
        "double": {"num_random": 20, "excess": EXCESS, "p_value": P_VALUE} if double else None,
    }  # fmt: skip
    return {"layered_modularity_contribution": content | more, "ncut_contribution": content}


STRIP = (
    Cluster(share=0.3, effect=0.5, band=(0.1, 0.4), verdict="effect", has_units=True),
    Cluster(share=0.5, effect=0.3, band=(0.2, 0.6), verdict="as random units", has_units=True),
    Cluster(share=0.12, effect=0.004, band=(-0.01, 0.02), verdict="no effect", has_units=True),
    Cluster(share=0.08, effect=0.0, band=(0.0, 0.0), verdict="no effect", has_units=False),
)


def control_alone(make_sweep, lesions, seeds=(0, 1)):
    return analyse(make_sweep(axes={}, seeds=seeds, lesions=lesions))


def test_strips_hold_each_seeds_clusters_and_means_over_seeds(make_sweep):
    analysis = control_alone(make_sweep, {"c0000-s1": lesioned(3.0), "c0000-s0": lesioned(2.0)})
    assert clusters.info(analysis) == ClustersInfo(
        conditions=(
            Strips(
                title="1  the one condition",
                control=True,
                strips=(STRIP, STRIP),
                functional=(2.5, math.sqrt(0.5)),
                without_effect=3.0,
                num_clusters=4.0,
                num_seeds=2,
            ),
        ),
        num_hidden=0,
        num_random=50,
        unit="nats",
    )


def test_a_single_seed_has_no_spread_and_says_so(make_sweep):
    info = clusters.info(control_alone(make_sweep, {"c0000-s1": lesioned()}))
    assert info.conditions[0].num_seeds == 1
    assert math.isnan(info.conditions[0].functional[1])
    assert "Where n is 1" in clusters.caption(info)
    assert "(n = 1)" in clusters.alternative(info)


def test_dots_are_the_clusters_with_units_of_all_seeds(make_sweep):
    lesions = {"c0000-s0": lesioned(), "c0000-s1": lesioned()}
    assert lesion_effects.info(control_alone(make_sweep, lesions)) == EffectsInfo(
        panels=(
            EffectPanel(
                title="1  the one condition",
                control=True,
                share=(0.3, 0.5, 0.12) * 2,
                effect=(0.5, 0.3, 0.004) * 2,
                band=((0.1, 0.4), (0.2, 0.6), (-0.01, 0.02)) * 2,
                has_effect=(True, False, False) * 2,
                num_seeds=2,
            ),
        ),
        num_hidden=0,
        num_random=50,
        unit="nats",
    )


def test_a_matrix_is_of_one_seed_and_its_share_of_marked_pairs_of_all(make_sweep):
    lesions = {"c0000-s0": lesioned(), "c0000-s1": lesioned(double=True), "c0000-s2": lesioned(double=True)}
    nothing = {"num_random": 20, "excess": np.zeros((4, 4)).tolist(), "p_value": np.ones((4, 4)).tolist()}
    lesions["c0000-s2"]["layered_modularity_contribution"]["double"] = nothing
    info = interactions.info(control_alone(make_sweep, lesions, seeds=(0, 1, 2)))
    excess = (
        (0.0, 0.2, -0.06),
        (0.2, 0.0, 0.01),
        (-0.06, 0.01, 0.0),
    )  # the cluster without units is left out
    marked = ((False, True, False), (True, False, False), (False, False, False))
    assert info == InteractionsInfo(
        panels=(
            InteractionPanel(
                title="1  the one condition",
                seed=1,
                pairs=Pairs(excess=excess, marked=marked, num_random=20),
                share_marked=pytest.approx(1 / 6),  # 1 of 3 pairs, and none
                num_seeds=2,
            ),
        ),
        num_hidden=0,
        unit="nats",
    )
    assert info.limit == pytest.approx(0.2)
    assert "One seed only" in interactions.caption(info)
    assert "seed 1: 3 pairs, from -0.06 to 0.2; 17% of the pairs" in interactions.alternative(info)


def test_without_pairs_there_is_no_matrix(make_sweep):
    assert interactions.info(control_alone(make_sweep, {"c0000-s0": lesioned()})) is None
    alone = lesioned(double=True)
    for cluster in alone["layered_modularity_contribution"]["clusters"][1:]:
        cluster["num_units"] = 0
    assert interactions.info(control_alone(make_sweep, {"c0000-s0": alone})) is None


def test_the_effects_of_a_regression_are_shares_of_its_targets_variance(make_sweep):
    lesions = {"c0000-s0": lesioned(baseline_accuracy=None, least_effect=0.05, double=True)}
    lesions["c0000-s0"]["layered_modularity_contribution"]["double"] = lesioned(double=True)[
        "layered_modularity_contribution"
    ]["double"]
    analysis = control_alone(make_sweep, lesions)
    info = lesion_effects.info(analysis)
    assert info.unit == "variances of the targets"
    assert info.panels[0].effect == pytest.approx((0.1, 0.06, 0.0008))
    assert info.panels[0].band[0] == pytest.approx((0.02, 0.08))
    assert interactions.info(analysis).panels[0].pairs.excess[0][1] == pytest.approx(0.04)


def test_records_of_earlier_versions_are_drawn_where_their_effects_have_a_scale(make_sweep):
    early, regression = lesioned(), lesioned(baseline_accuracy=None)
    for content in (early, regression):
        del content["layered_modularity_contribution"]["least_effect"]
        del content["layered_modularity_contribution"]["double"]
    assert clusters.info(control_alone(make_sweep, {"c0000-s0": early})).conditions[0].strips == (STRIP,)
    assert clusters.info(control_alone(make_sweep, {"c0000-s0": regression})) is None


def test_the_control_comes_first_and_conditions_without_lesions_are_left_out(make_sweep):
    sweep = make_sweep(axes={"penalties.clusterability.weight": [0.0, *np.linspace(0.1, 1, 20)]}, seeds=[0])
    trials = sweep.trials
    trials["test_accuracy"] = 0.9 - 0.01 * np.arange(21)
    trials["ncut"] = 9 - 0.1 * np.arange(21)  # all are on the frontier, from the last on
    sweep.lesions.update({f"c{index:04d}-s0": lesioned() for index in range(20)})
    info = clusters.info(analyse(sweep))
    titles = [condition.title for condition in info.conditions]
    assert titles[0] == "21  control"
    assert len(titles) == clusters.MAX_CONDITIONS
    assert titles[1].startswith("2  clusterability")
    assert titles[-1].startswith("20  clusterability 0.1")
    assert info.num_hidden == 20 - len(titles)
    assert f"{info.num_hidden} more frontier conditions are not drawn" in clusters.caption(info)


def test_colours_are_steps_of_the_effect_and_greys():
    def of(effect, verdict="effect"):
        return clusters.colour(
            Cluster(share=0.1, effect=effect, band=(0.0, 0.0), verdict=verdict, has_units=True)
        )

    assert [of(effect) for effect in (0.01, 0.1, 0.99, 1.0, 40.0)] == [
        EFFECTS[0], EFFECTS[1], EFFECTS[2], EFFECTS[3], EFFECTS[4],
    ]  # fmt: skip
    assert (of(0.5, "as random units"), of(-3.0, "no effect")) == (OTHER, GRID)


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2, 3]])
def test_the_figures_can_be_drawn(make_sweep, seeds):
    sweep = make_sweep(axes=TWO, seeds=seeds)
    sweep.lesions.update({trial: lesioned(double=True) for trial in sweep.trials["trial_id"]})
    analysis = analyse(sweep)
    for name in NAMES:
        figure = find("figure", name)
        info = figure.info(analysis)
        drawn = svg_text(figure.draw(info))
        assert "<image" not in drawn
        assert len(drawn) > 5000
        assert "n seeds" in figure.caption(info) or "n = 1" in figure.caption(info) or len(seeds) > 1
        assert f"{len(seeds)}" in figure.alternative(info)


def test_sweeps_without_lesions_have_no_such_figure(make_sweep):
    analysis = analyse(make_sweep(axes=TWO))
    assert [find("figure", name).info(analysis) for name in NAMES] == [None, None, None]
    assert [find("figure", name).info(analyse(make_sweep(failing=range(100)))) for name in NAMES] == [
        None
    ] * 3
