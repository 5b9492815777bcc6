import pytest

from clusterability.graph.two_colouring import two_colouring


@pytest.mark.parametrize(
    ("num_layers", "pairs", "colours"),
    [
        (4, [(0, 1), (1, 2), (2, 3)], (0, 1, 0, 1)),
        (4, [(2, 3), (0, 3)], (0, 0, 0, 1)),  # layer 1 is on its own
        (3, [(0, 1), (1, 2), (0, 2)], None),
        (5, [(0, 1), (2, 3), (3, 4), (4, 2)], None),  # the odd cycle is not in the first part
        (2, [], (0, 0)),
    ],
)
def test_layers_that_share_weights_have_two_colours(num_layers, pairs, colours):
    assert two_colouring(num_layers, pairs) == colours
