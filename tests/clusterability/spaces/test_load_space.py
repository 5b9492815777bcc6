import json
from pathlib import Path

import pytest

from clusterability.errors import ConfigError
from clusterability.spaces import ChoiceAxis, RangeAxis, known_spaces, load_space
from clusterability.spaces.resolve import resolve_space

SHIPPED = Path(__file__).parents[3] / "search_spaces"


def space_of(tmp_path: Path, text: str, *overrides: str):
    (tmp_path / "mine.yaml").write_text(text)
    return load_space("mine", list(overrides), folder=tmp_path)


@pytest.mark.parametrize("name", known_spaces(SHIPPED))
def test_every_shipped_space_loads_and_says_what_it_answers(name):
    space = load_space(name, folder=SHIPPED)
    assert space.description.endswith("?")
    assert space.num_trials >= 1
    assert space.trial(space.first_condition, space.seeds[0]).seed == space.seeds[0]


def test_axes_become_choices_and_ranges_of_the_fields_own_types(tmp_path):
    space = space_of(
        tmp_path,
        """
        axes:
          penalties.l1.weight: {low: 1e-6, high: 1e-3, log: true}
          training.epochs: {low: 1, high: 9}
          model.widths: [[8, 8], [16]]
          penalties.l2.weight: [0, 1]
        search: {method: random, num_trials: 5}
        """,
    )
    assert space.axes == (
        RangeAxis(name="penalties.l1.weight", low=1e-6, high=1e-3, log=True),
        RangeAxis(name="training.epochs", low=1, high=9, step=1, integer=True),
        ChoiceAxis(name="model.widths", values=((8, 8), (16,))),
        ChoiceAxis(name="penalties.l2.weight", values=(0.0, 1.0)),
    )


def test_overrides_reach_every_level_and_pin_axes(tmp_path):
    text = "dataset: mnist\naxes: {penalties.l1.weight: [0.0, 1.0], model.dropout: [0.0, 0.5]}"
    space = space_of(
        tmp_path, text, "dataset=fashion_mnist", "penalties.l1.weight=0.5", "seeds=[3,4]", "training.epochs=2"
    )
    assert space.base.dataset.name == "fashion_mnist"
    assert space.base.training.epochs == 2
    assert space.base.penalties == {"l1": {"weight": 0.5}}
    assert [axis.name for axis in space.axes] == ["model.dropout"]
    assert space.seeds == (3, 4)
    assert space.num_trials == 4


def test_a_whole_section_can_be_overridden(tmp_path):
    space = space_of(tmp_path, "dataset: mnist", "dataset={name: npz, path: spikes.npz}")
    assert (space.base.dataset.name, space.base.dataset.path) == ("npz", "spikes.npz")


def test_another_data_set_or_network_leaves_the_options_of_the_files_own_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.py").write_text(
        "def data(cells=3): ...\ndef net(input_shape, num_classes, width=4): ...\n"
    )
    text = """
        dataset: {name: lab:data, options: {cells: 9}, validation_fraction: 0.2}
        model: {architecture: lab:net, options: {width: 8}}
        """
    for override in ("dataset=mnist", "dataset.name=mnist", "dataset={name: mnist}"):
        dataset = space_of(tmp_path, text, override).base.dataset
        assert (dataset.name, dataset.options, dataset.validation_fraction) == ("mnist", {}, 0.2)
    assert space_of(tmp_path, text, "model.architecture=mlp").base.model.options == {}
    kept = space_of(tmp_path, text, "training.epochs=2", "dataset.name=lab:data").base
    assert (kept.dataset.options, kept.model.options) == ({"cells": 9}, {"width": 8})


def test_trial_and_assignment_are_inverse(tmp_path):
    space = space_of(tmp_path, "axes: {model.widths: [[8], [9, 9]], penalties.l1.weight: [0.0, 0.1]}")
    for assignment in space.grid():
        config = space.trial(assignment, seed=7)
        assert space.assignment_of(config) == assignment
        assert config.seed == 7


def test_grid_holds_every_combination_once_and_begins_with_the_control(tmp_path):
    space = space_of(tmp_path, "axes: {model.dropout: [0.5, 0.0], penalties.l1.weight: [0.1, 0.0]}")
    grid = space.grid()
    assert grid[0] == {"model.dropout": 0.0, "penalties.l1.weight": 0.0} == space.control
    assert len({tuple(item.items()) for item in grid}) == len(grid) == 4


def test_the_control_is_the_spaces_own_values_and_nothing_else(tmp_path):
    text = "model: {dropout: %s}\naxes: {model.dropout: [0.0, 0.5], training.epochs: [3, 20]}"
    space = space_of(tmp_path, text % 0.5)
    assert space.control == {"model.dropout": 0.5, "training.epochs": 20} == space.first_condition
    elsewhere = space_of(tmp_path, text % 0.1)
    assert elsewhere.control is None
    assert elsewhere.first_condition == {"model.dropout": 0.0, "training.epochs": 20}


def test_fingerprint_follows_what_determines_the_trials_alone(tmp_path):
    text = "axes: {model.dropout: [0.0, 0.5]}"
    plain = space_of(tmp_path, text).fingerprint
    assert space_of(tmp_path, text, "search.num_trials=3", "resources.cpus_per_trial=2").fingerprint == plain
    assert space_of(tmp_path, text, "training.epochs=3").fingerprint != plain
    assert space_of(tmp_path, text, "seeds=[1]").fingerprint != plain


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["training.epoch=3"], "unknown field 'training.epoch'. Did you mean 'training.epochs'?"),
        (["trainin.epochs=3"], "unknown field 'trainin'. Did you mean 'training'?"),
        (["training.epochs=many"], "training.epochs: got 'many', allowed: an integer"),
        (["training.epochs=1.5"], "training.epochs: got 1.5, allowed: an integer"),
        (["training.epochs=0"], "training.epochs: got 0, allowed: 1 or more"),
        (["penalties.l1.weight=nan"], "penalties.l1.weight: got nan, allowed: 0 or more"),
        (["training=3"], "training: got 3, allowed: a mapping"),
        (["dataset=mnits"], "dataset.name: unknown data set 'mnits'. Did you mean 'mnist'? Known: cifar10, "),
        (["model.widths=[8, x]"], "model.widths: got [8, 'x'], allowed: a list of integers"),
        (["model.widths=[]"], "model.widths: got []"),
        (["seeds=[1, 1]"], "seeds: got [1, 1], allowed: a list of distinct integers"),
        (["objectives=[{metric: test_accuracy}]"], "objectives: metric: got 'test_accuracy', allowed: valid"),
        (
            ["objectives=[{metric: ncut, direction: up}]"],
            "objectives: direction: got 'up', allowed: max, min",
        ),
        (
            ["axes.penalties.l1.wieght=[0]"],
            "unknown axis 'penalties.l1.wieght'. Did you mean 'penalties.l1.weight'?",
        ),
        (["penalties.localty.weight=1"], "penalties: unknown penalty 'localty'. Did you mean 'locality'?"),
        (["penalties.l1.wieght=1"], "penalties.l1: unknown field 'wieght'. Did you mean 'weight'?"),
        (
            ["penalties.locality.swap_every=1.5"],
            "penalties.locality: swap_every: got 1.5, allowed: an in",
        ),
        (["penalties.clusterability.edges=all"], "edges: got 'all', allowed: weights, contribution"),
        (["nulls.null=layr"], "nulls.null: unknown null 'layr'. Did you mean 'layer'?"),
        (
            ["ncut.estimator=exact"],
            "ncut.estimator: unknown estimator 'exact'. Known: refined, spectral",
        ),
        (["search.method=bayes"], "search.method: unknown search method 'bayes'."),
        (["model.options={width: 3}"], "model.options: got {'width': 3}, allowed: none for mlp"),
        (["metrics=[ncut]"], "metrics: got 'ncut', allowed: your own, as package.module:function"),
        (["axes.penalties.l1.weight=[]"], "axes.penalties.l1.weight: got []"),
        (
            ["axes.penalties.l1.weight=[0, 0.0]"],
            "axes.penalties.l1.weight: got [0, 0.0], allowed: each value once",
        ),
        (
            ["axes.penalties.l1.weight={low: 1}"],
            "axes.penalties.l1.weight: got {'low': 1}, allowed: low and high",
        ),
        (["axes.penalties.l1.weight={low: 2, high: 1}"], "allowed: numbers, low below high"),
        (["axes.penalties.l1.weight={low: 0, high: 1, log: true}"], "true needs low above 0"),
        (
            ["axes.penalties.l1.weight={low: 0, high: 1, logg: true}"],
            "unknown key 'logg'. Did you mean 'log'?",
        ),
        (["axes.penalties.l1.weight={low: 0, high: 1}"], "a grid needs a list of values, got a range"),
        (["search.method=tpe"], "search.num_trials: got null, allowed: 1 or more where search.method is tpe"),
        (["resources.gpus_per_trial=1.5"], "resources.gpus_per_trial: got 1.5, allowed: auto"),
        (["training.epochs"], "override 'training.epochs': allowed: field=value"),
        (["training.epochs=[1"], "override 'training.epochs=[1': the value is not readable as YAML"),
    ],
)
def test_bad_values_are_refused_in_one_line_that_names_them(overrides, message):
    with pytest.raises(ConfigError) as caught:
        load_space("smoke", overrides, folder=SHIPPED)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_space_is_laid_over_its_base(tmp_path):
    (tmp_path / "below.yaml").write_text(
        "dataset: mnist\ntraining: {epochs: 7}\naxes: {model.dropout: [0, 0.5]}"
    )
    text = "base: below\ntraining: {l1_weight: 0.1}\naxes: {penalties.l2.weight: [0, 1]}"
    space = space_of(tmp_path, text)
    assert (space.base.dataset.name, space.base.training.epochs) == ("mnist", 7)
    assert space.base.penalties["l1"] == {"weight": 0.1}
    assert [axis.name for axis in space.axes] == ["model.dropout", "penalties.l2.weight"]


def test_a_space_can_be_made_again_from_its_definition(tmp_path):
    text = "dataset: mnist\naxes: {model.dropout: [0, 0.5], penalties.l1.weight: [0.0, 1.0]}"
    space = space_of(
        tmp_path, text, "training.epochs=3", "axes.model.widths=[[4], [5]]", "dataset.name=digits"
    )
    again = resolve_space(space.name, json.loads(json.dumps(space.definition)), {})
    assert again == space


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: mine", "base: got 'mine', which is based on 'mine' itself"),
        ("base: other", "unknown space 'other'"),
        ("base: [a, b]", "base: got ['a', 'b'], allowed: the name of one space"),
        (
            "axes: {model.dropout: {values: [0], when: {penalties.l1.wieght: 0}}}",
            "Did you mean 'penalties.l1.weight'",
        ),
        ("axes: {model.dropout: {values: [0], when: 3}}", "axes.model.dropout.when: got 3"),
        ("axes: {model.dropout: {values: [0], log: true}}", "unknown key 'log'"),
        ("axes: {training.epochs: {low: 1, high: 9, step: 0.5}}", "got step 0.5, allowed: a whole number"),
        ("start_points: [{model.dropout: 0.5}]", "unknown axis in start_points 'model.dropout'"),
        ("start_points: [3]", "start_points: got 3"),
        ("axes: {model.dropout: [0]}\nstart_points: [{model.dropout: 2}]", "got 2"),
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("just a text", "unknown field 'just a text'"),
        ("- a\n- b", "allowed: a mapping"),
        ("training: [", "not readable as YAML"),
        ("training: !!python/object/apply:os.system [true]", "not readable as YAML"),
    ],
)
def test_broken_files_are_refused_with_their_name(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        space_of(tmp_path, text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_space_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown space 'mlp_rge'\. Did you mean 'mlp_reg'\?.*smoke"):
        load_space("mlp_rge", folder=SHIPPED)
