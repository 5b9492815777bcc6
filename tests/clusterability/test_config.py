from dataclasses import replace

import pytest

from clusterability.config import LesionsConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.errors import ConfigError
from clusterability.identity import identity
from clusterability.training.penalties.l1 import L1


def test_conditions_are_told_apart_by_everything_but_the_seed():
    config = TrialConfig()
    assert replace(config, seed=5).condition_id == config.condition_id
    assert replace(config, seed=5).trial_id != config.trial_id
    assert replace(config, training=TrainingConfig(epochs=3)).condition_id != config.condition_id


def test_a_configuration_survives_its_plain_form():
    config = TrialConfig(model=ModelConfig(widths=(3, 4)), seed=2)
    assert TrialConfig.from_dict(config.to_dict()) == config
    assert TrialConfig.from_dict(config.to_dict()).condition_id == config.condition_id


def test_lesions_change_identifiers_only_where_they_are_not_the_default():
    config = TrialConfig()
    assert "lesions" not in identity(config.to_dict())
    for lesions in (
        LesionsConfig(num_random=10),
        LesionsConfig(num_examples=10),
        LesionsConfig(num_random=0),
    ):
        assert replace(config, lesions=lesions).condition_id != config.condition_id
    with pytest.raises(ConfigError, match=r"lesions.num_random: got -1, allowed: 0 or more"):
        LesionsConfig(num_random=-1)
    with pytest.raises(ConfigError, match=r"lesions.num_examples: got 0, allowed: 1 or more"):
        LesionsConfig(num_examples=0)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_weights_of_penalties_are_finite_and_not_negative(value):
    with pytest.raises(ConfigError, match=r"penalties.l1.weight: got .*, allowed: 0 or more"):
        L1(weight=value)
