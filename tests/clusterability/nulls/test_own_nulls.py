"""Nulls of one's own: plain functions of one block's |w|, whose results are checked."""

import numpy as np
import pytest

from clusterability import WeightGraph, null_test
from clusterability.errors import ConfigError
from clusterability.graph import Block

OWN = """
import numpy as np

def reverse_rows(weights, rng):
    return weights[rng.permutation(len(weights))]

def in_place(weights, rng):
    weights[:] = np.sort(weights, axis=0)
    return weights

def transposed(weights, rng):
    return weights.T

def negative(weights, rng):
    return -weights

def not_finite(weights, rng):
    return weights / 0.0 * 0.0

def everywhere(weights, rng):
    return np.ones_like(weights)

def failing(weights, rng):
    return weights.shuffle()

def nothing(weights, rng):
    pass
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return the name of a module with nulls of one's own, in the current folder."""
    (tmp_path / "own_nulls.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "own_nulls"


def planted():
    return WeightGraph.from_matrices([-np.kron(np.eye(4), np.ones((5, 5))) - 0.05] * 2)


def with_places_and_skip():
    """A grouped layer (half of its places have weights), and an identity skip."""
    rng = np.random.default_rng(0)
    places = np.kron(np.eye(2), np.ones((6, 6))).astype(bool)
    return WeightGraph.from_blocks(
        [
            Block(source=0, target=1, matrix=rng.standard_normal((12, 12)) * places, places=places),
            Block(source=1, target=2, matrix=rng.standard_normal((12, 12))),
            Block(source=0, target=2, matrix=np.eye(12), is_skip=True),
        ],
        [12, 12, 12],
    )


def test_a_null_of_ones_own_gives_the_values_of_its_draws(own):
    test = null_test(planted(), f"{own}:reverse_rows", num_shuffles=19, num_clusters=4)
    assert test.null == f"{own}:reverse_rows"
    assert test.p_value == pytest.approx(1 / 20)
    again = null_test(planted(), f"{own}:reverse_rows", num_shuffles=19, num_clusters=4, num_workers=2)
    np.testing.assert_array_equal(test.null_values, again.null_values)


def test_changing_the_array_that_one_is_given_leaves_the_observed_network_as_it_is(own):
    graph = with_places_and_skip()
    before = [block.matrix.copy() for block in graph.blocks]
    rows = null_test(graph, "layer", num_shuffles=2, num_clusters=3)
    with pytest.raises(ConfigError, match="weights where the block has none"):
        null_test(graph, f"{own}:in_place", num_shuffles=2, num_clusters=3)
    for block, matrix in zip(graph.blocks, before, strict=True):
        np.testing.assert_array_equal(block.matrix, matrix)
    again = null_test(graph, "layer", num_shuffles=2, num_clusters=3)
    np.testing.assert_array_equal(rows.null_values, again.null_values)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("transposed", r"got shape \(4, 6\), allowed: \(6, 4\)"),
        ("negative", "got a weight of -1, allowed"),
        ("not_finite", "got weights that are not finite"),
        ("failing", "line 24: AttributeError: 'numpy.ndarray' object has no attribute 'shuffle'"),
        ("nothing", r"got shape \(\), allowed: \(6, 4\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_no_block_of_weights_is_one_line_that_names_the_null(own, name, message):
    graph = WeightGraph.from_matrices([np.ones((6, 4)), np.ones((4, 6))])
    with pytest.raises(
        ConfigError, match=rf"null '{own}:{name}'(: own_nulls.py, | \(own_nulls.py\): ){message}"
    ) as caught:
        null_test(graph, f"{own}:{name}", num_shuffles=2, num_clusters=2)
    assert "\n" not in str(caught.value)


def test_weights_in_places_that_have_none_are_refused(own):
    with pytest.raises(
        ConfigError, match=rf"null '{own}:everywhere' \(own_nulls.py\): got weights where the block has none"
    ):
        null_test(with_places_and_skip(), f"{own}:everywhere", num_shuffles=2, num_clusters=3)


def test_a_null_that_is_not_there_names_the_nearest(own):
    with pytest.raises(ConfigError, match="Did you mean 'reverse_rows'"):
        null_test(planted(), f"{own}:reverse_row", num_shuffles=2, num_clusters=4)


def test_a_layer_of_isolated_units_has_no_weights_to_shuffle(own):
    rng = np.random.default_rng(0)
    chain = [Block(source=i, target=i + 1, matrix=matrix) for i, matrix in enumerate(
        [rng.standard_normal((8, 8)), np.zeros((8, 5)), np.zeros((5, 8)), rng.standard_normal((8, 8))]
    )]  # fmt: skip
    test = null_test(WeightGraph.from_blocks(chain, [8, 8, 5, 8, 8]), f"{own}:reverse_rows", 3, 4)
    assert len(test.null_values) == 3
