import numpy as np

from clusterability.seeds import generator, integer_seed


def test_streams_follow_from_seed_and_name_alone():
    assert generator(1, "shuffle", 3).random() == generator(1, "shuffle", 3).random()
    draws = {
        generator(*spec).random() for spec in [(1, "a"), (2, "a"), (1, "b"), (1, "a", 0), (1, "a", 1), (1, 0)]
    }
    assert len(draws) == 6


def test_integer_seeds_fit_torch_and_differ():
    values = [integer_seed(0, "batches", index) for index in range(1000)]
    assert len(set(values)) == 1000
    assert min(values) >= 0
    assert max(values) < 2**63
    assert np.mean(values) > 2**60
