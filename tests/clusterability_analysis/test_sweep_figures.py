import numpy as np
import pytest

from clusterability.components import find, names
from clusterability_analysis.analysis import analyse
from clusterability_analysis.figures.frontier_info import MAX_KEY, MAX_NULLS
from clusterability_analysis.figures.significance import MAX_ROWS
from clusterability_analysis.figures.style import save_png, svg_text

FIGURES = {name: find("figure", name) for name in names("figure")}

MANY = {
    "penalties.clusterability.weight": [0.0, *np.geomspace(0.01, 1, 16)],
    "model.dropout": [0.0, 0.2, 0.4],
    "penalties.l1.weight": list(np.linspace(0, 1e-4, 4)),
}


def infos(sweep):
    analysis = analyse(sweep)
    return [FIGURES[name].info(analysis) for name in ("frontier", "significance", "axes")]


def test_frontier_info_holds_the_conditions(make_sweep):
    sweep = make_sweep()
    info, _, _ = infos(sweep)
    means = sweep.trials.groupby("condition_id")[["ncut", "null_mean"]].mean()
    assert sorted(info.x) == pytest.approx(sorted(means["ncut"]))
    assert sorted(info.null_mean) == pytest.approx(sorted(means["null_mean"]))
    assert info.control.sum() == 1
    assert info.penalised.sum() == 8
    assert info.shows_null.tolist() == ((info.number > 0) | info.control).tolist()


def test_frontier_line_is_a_staircase_through_the_frontier(make_sweep):
    info, _, _ = infos(make_sweep())
    x, y = info.line
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    steps = (np.diff(x) == 0) | (np.diff(y) == 0)
    assert steps.all()
    on_frontier = info.number > 0
    corners = set(zip(x, y, strict=True))
    assert set(zip(info.x[on_frontier], info.y[on_frontier], strict=True)) <= corners


def test_far_worse_conditions_do_not_flatten_the_frontier(make_sweep):
    sweep = make_sweep()
    assert infos(sweep)[0].limit is None
    worst = sweep.trials["condition_id"] == "c0002"  # dominated: the accuracy of chance
    sweep.trials.loc[worst, "test_accuracy"] = 0.1
    info, _, _ = infos(sweep)
    kept = (info.number > 0) | info.control
    assert 0.8 < info.limit < (info.y - info.y_sd)[kept].min()
    assert info.beyond.sum() == 1


def test_significance_info_pairs_seeds_with_their_condition(make_sweep):
    sweep = make_sweep()
    _, info, _ = infos(sweep)
    assert len(info.labels) == 12
    (panel,) = info.panels
    for mean, seeds in zip(panel.observed, panel.seed_observed, strict=True):
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
    np.testing.assert_allclose(effect.mean_above, expected["ncut"])
    np.testing.assert_allclose(effect.mean_null, expected["null_mean"])


def test_axis_with_many_values_becomes_a_number_line(make_sweep):
    _, _, info = infos(make_sweep(axes=MANY, seeds=[0]))
    effect = next(effect for effect in info.effects if effect.name == "clusterability")
    assert (effect.levels, effect.scale) == ((), "symlog")
    assert effect.threshold == pytest.approx(0.01)
    assert len(effect.centre) == 6
    assert effect.mean_above.mean() == pytest.approx(effect.above.mean())  # groups of equal size


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
    draw = [FIGURES[name].draw for name in ("frontier", "significance", "axes")]
    assert [info is not None for info in found] == [True, change is not untested, bool(axes)]
    for index, info in enumerate(found):
        if info is not None:
            assert "</svg>" in svg_text(draw[index](info))


def test_equal_figures_give_equal_files(make_sweep, tmp_path):
    info, _, _ = infos(make_sweep())
    first, second = (FIGURES["frontier"].draw(info) for _ in range(2))
    assert svg_text(first) == svg_text(second)
    for name, figure in (("first.png", first), ("second.png", second)):
        save_png(figure, tmp_path / name)
    assert (tmp_path / "first.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_hundreds_of_conditions_can_be_drawn(make_sweep):
    frontier, significance, axes = infos(make_sweep(axes=MANY, seeds=[0, 1]))
    assert frontier.shows_null.sum() <= MAX_NULLS
    assert len(frontier.key) <= MAX_KEY
    for name, info in (("frontier", frontier), ("significance", significance), ("axes", axes)):
        assert len(svg_text(FIGURES[name].draw(info))) > 10_000


def test_no_complete_trial_means_no_figure(make_sweep):
    assert infos(make_sweep(failing=range(100))) == [None, None, None]
