import numpy as np
import pytest

from clusterability_analysis import figures
from clusterability_analysis.conditions import summarise_conditions
from clusterability_analysis.figures.frontier import MAX_KEY, MAX_NULLS
from clusterability_analysis.figures.significance import MAX_ROWS
from clusterability_analysis.frontier import find_frontier
from clusterability_analysis.significance import assess_significance

MANY = {
    "penalties.clusterability.weight": [0.0, *np.geomspace(0.01, 1, 16)],
    "model.dropout": [0.0, 0.2, 0.4],
    "penalties.l1.weight": list(np.linspace(0, 1e-4, 4)),
}


def infos(sweep):
    conditions = summarise_conditions(sweep)
    significance = assess_significance(conditions, sweep.settings)
    frontier = find_frontier(conditions, significance.conditions, sweep.settings)
    return (
        figures.frontier_info(frontier),
        figures.significance_info(significance),
        figures.axes_info(conditions),
    )


def test_frontier_info_holds_the_conditions(make_sweep):
    sweep = make_sweep()
    info, _, _ = infos(sweep)
    means = sweep.trials.groupby("condition_id")[["ncut", "null_mean"]].mean()
    assert sorted(info.ncut) == pytest.approx(sorted(means["ncut"]))
    assert sorted(info.null_mean) == pytest.approx(sorted(means["null_mean"]))
    assert info.control.sum() == 1
    assert info.penalised.sum() == 8
    assert info.shows_null.tolist() == ((info.number > 0) | info.control).tolist()


def test_frontier_line_is_a_staircase_through_the_frontier(make_sweep):
    info, _, _ = infos(make_sweep())
    ncut, accuracy = info.line
    assert (np.diff(ncut) >= 0).all()
    assert (np.diff(accuracy) >= 0).all()
    steps = (np.diff(ncut) == 0) | (np.diff(accuracy) == 0)
    assert steps.all()
    on_frontier = info.number > 0
    corners = set(zip(ncut, accuracy, strict=True))
    assert set(zip(info.ncut[on_frontier], info.accuracy[on_frontier], strict=True)) <= corners


def test_far_worse_conditions_do_not_flatten_the_frontier(make_sweep):
    sweep = make_sweep()
    assert infos(sweep)[0].floor is None
    worst = sweep.trials["condition_id"] == "c0002"  # dominated: the accuracy of chance
    sweep.trials.loc[worst, "test_accuracy"] = 0.1
    info, _, _ = infos(sweep)
    kept = (info.number > 0) | info.control
    assert 0.8 < info.floor < (info.accuracy - info.accuracy_sd)[kept].min()
    assert (info.accuracy < info.floor).sum() == 1


def test_significance_info_pairs_seeds_with_their_condition(make_sweep):
    sweep = make_sweep()
    _, info, _ = infos(sweep)
    assert len(info.labels) == 12
    for mean, seeds in zip(info.ncut, info.seed_ncut, strict=True):
        assert np.mean(seeds) == pytest.approx(mean)
    for mean, seeds in zip(info.z_score, info.seed_z, strict=True):
        assert np.mean(seeds) == pytest.approx(mean)
    assert (np.diff(info.z_score) >= 0).all()


def test_significance_info_chooses_among_hundreds(make_sweep):
    _, info, _ = infos(make_sweep(axes=MANY, seeds=[0]))
    assert len(info.labels) == MAX_ROWS
    assert info.num_hidden == 17 * 3 * 4 - MAX_ROWS
    assert info.control.any()


def test_untested_conditions_are_not_in_the_significance_figure(make_sweep):
    sweep = make_sweep()
    sweep.trials.loc[:2, ["p_value", "z_score", "null_mean", "null_sd"]] = np.nan
    _, info, _ = infos(sweep)
    assert len(info.labels) == 11


def test_axes_info_averages_conditions_by_level(make_sweep):
    sweep = make_sweep()
    _, _, info = infos(sweep)
    effect = next(effect for effect in info.effects if effect.name == "clusterability")
    assert effect.levels == ("0", "0.1", "1")
    expected = sweep.trials.groupby("penalties.clusterability.weight")[["ncut", "null_mean"]].mean()
    np.testing.assert_allclose(effect.mean_ncut, expected["ncut"])
    np.testing.assert_allclose(effect.mean_null, expected["null_mean"])


def test_axis_with_many_values_becomes_a_number_line(make_sweep):
    _, _, info = infos(make_sweep(axes=MANY, seeds=[0]))
    effect = next(effect for effect in info.effects if effect.name == "clusterability")
    assert (effect.levels, effect.scale) == ((), "symlog")
    assert effect.threshold == pytest.approx(0.01)
    assert len(effect.centre) == 6
    assert effect.mean_ncut.mean() == pytest.approx(effect.ncut.mean())  # groups of equal size


def test_names_are_levels_in_order_of_length_without_a_line(make_sweep):
    _, _, info = infos(make_sweep(axes={"model.widths": [(64, 64), (128,), (64,)]}))
    (effect,) = info.effects
    assert effect.levels == ("[64]", "[128]", "[64, 64]")
    assert not effect.ordered


def constant(sweep):
    sweep.trials[["ncut", "test_accuracy", "null_mean"]] = [9.0, 0.97, 9.2]
    sweep.trials[["null_sd", "z_score"]] = [0.0, np.nan]
    return sweep


def untested(sweep):
    sweep.trials[["null_mean", "null_sd", "z_score", "p_value"]] = np.nan
    return sweep


def unchanged(sweep):
    return sweep


@pytest.mark.parametrize("change", [unchanged, constant, untested])
@pytest.mark.parametrize("seeds", [[0], [0, 1]])
@pytest.mark.parametrize(
    "axes",
    [
        {},
        {"model.dropout": [0.0, 0.5]},
        {"model.widths": ["$\\frac{", "[64]"], "penalties.l1.weight": [0.0, 1e-5]},
    ],
    ids=["one condition", "two conditions", "hostile names"],
)
def test_every_figure_can_be_drawn(make_sweep, axes, seeds, change):
    found = infos(change(make_sweep(axes=axes, seeds=seeds)))
    draw = (figures.draw_frontier, figures.draw_significance, figures.draw_axes)
    assert [info is not None for info in found] == [True, change is not untested, bool(axes)]
    for index, info in enumerate(found):
        if info is not None:
            assert "</svg>" in figures.svg_text(draw[index](info))


def test_equal_figures_give_equal_files(make_sweep, tmp_path):
    info, _, _ = infos(make_sweep())
    first, second = figures.draw_frontier(info), figures.draw_frontier(info)
    assert figures.svg_text(first) == figures.svg_text(second)
    for name, figure in (("first.png", first), ("second.png", second)):
        figures.save_png(figure, tmp_path / name)
    assert (tmp_path / "first.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_hundreds_of_conditions_can_be_drawn(make_sweep):
    frontier, significance, axes = infos(make_sweep(axes=MANY, seeds=[0, 1]))
    assert frontier.shows_null.sum() <= MAX_NULLS
    assert len(frontier.key) <= MAX_KEY
    for figure in (
        figures.draw_frontier(frontier), figures.draw_significance(significance), figures.draw_axes(axes)
    ):  # fmt: skip
        assert len(figures.svg_text(figure)) > 10_000


def test_no_complete_trial_means_no_figure(make_sweep):
    assert infos(make_sweep(failing=range(100))) == (None, None, None)
